package io.leasehold.ops.install;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.Configuration;
import io.leasehold.ops.config.EffectiveSetting;
import io.leasehold.ops.config.Loaded;
import io.leasehold.ops.config.Place;
import io.leasehold.ops.config.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Whether this machine has what a configuration names, and whether something on it would get in the
 * way. Reads files below {@code /dev}, {@code /etc}, {@code /proc} and {@code /sys}; starts
 * nothing, changes nothing. {@code ops/docs/machine.md} says the same in words.
 */
public final class MachineCheck {

    /** An interface that neither asks nor answers by ARP: {@code IFF_NOARP} of {@code if.h}. */
    private static final int NO_ARP = 0x80;

    /** The gate needs egress hooks of nftables. */
    private static final Version GATE_KERNEL = new Version(5, 16);

    /** FUSE_NOTIFY_RESEND: a restarted daemon gets the requests again. */
    private static final Version RESEND_KERNEL = new Version(6, 9);

    private static final Pattern RELEASE = Pattern.compile("(\\d+)\\.(\\d+).*", Pattern.DOTALL);

    private static final Set<PosixFilePermission> FOR_OTHERS =
            EnumSet.of(
                    PosixFilePermission.GROUP_READ,
                    PosixFilePermission.GROUP_WRITE,
                    PosixFilePermission.OTHERS_READ,
                    PosixFilePermission.OTHERS_WRITE);

    private final Path root;
    private final Loaded.Valid file;
    private final String fileName;
    private final NodeName self;
    private final List<Problem> problems = new ArrayList<>();
    private final List<Problem> warnings = new ArrayList<>();

    private record Version(int major, int minor) {
        boolean isBefore(Version other) {
            return major < other.major || (major == other.major && minor < other.minor);
        }

        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    /**
     * What was found.
     *
     * @param problems with which the node cannot run
     * @param warnings with which it runs, but not as well as it should
     */
    public record Result(List<Problem> problems, List<Problem> warnings) {
        public Result {
            problems = List.copyOf(problems);
            warnings = List.copyOf(warnings);
        }
    }

    private MachineCheck(Path root, Loaded.Valid file, String fileName, NodeName self) {
        this.root = root;
        this.file = file;
        this.fileName = fileName;
        this.self = self;
    }

    /**
     * Looks at the machine.
     *
     * @param root {@code /}
     * @param fileName for what no setting is the place of
     * @param named which of the two nodes this machine is; empty: the one of its host name
     */
    public static Result of(
            Path root, Loaded.Valid file, String fileName, Optional<NodeName> named) {
        NodeName self;
        try {
            self = named.isPresent() ? named.get() : HostName.asNode(root);
        } catch (IOException | IllegalArgumentException e) {
            return new Result(
                    List.of(
                            new Problem(
                                    new Place(fileName, 0, 0),
                                    "nodes",
                                    "which node this machine is cannot be told by its host name: "
                                            + e.getMessage(),
                                    Optional.of("say it with --node"))),
                    List.of());
        }
        var check = new MachineCheck(root, file, fileName, self);
        if (!file.configuration().nodes().containsKey(self)) {
            check.problem(
                    "nodes",
                    "this machine is "
                            + self
                            + ", but the nodes are "
                            + file.configuration().nodes().keySet(),
                    "say which one it is with --node");
            return new Result(check.problems, check.warnings);
        }
        check.kernel();
        check.interfaces();
        check.probe();
        check.secrets();
        check.programs();
        check.dhcpServer();
        return new Result(check.problems, check.warnings);
    }

    // ---- the kernel

    /**
     * Whether a daemon on that kernel can go on with the mount of the one before it.
     *
     * @param release as {@code uname -r} prints it; one that is not understood counts as too old
     */
    public static boolean canHandAMountOn(String release) {
        return version(release).filter(version -> !version.isBefore(RESEND_KERNEL)).isPresent();
    }

    /** The kernel of this machine, as {@code uname -r} prints it. */
    public static String runningKernel() {
        return System.getProperty("os.version", "unknown");
    }

    private static Optional<Version> version(String release) {
        var matcher = RELEASE.matcher(release);
        return matcher.matches()
                ? Optional.of(
                        new Version(
                                Integer.parseInt(matcher.group(1)),
                                Integer.parseInt(matcher.group(2))))
                : Optional.empty();
    }

    private void kernel() {
        if (!Files.exists(at("/dev/fuse"))) {
            problem("volume.mount-point", "there is no /dev/fuse", "modprobe fuse");
        }
        var release = text("/proc/sys/kernel/osrelease").flatMap(MachineCheck::version);
        if (release.isEmpty()) {
            return;
        }
        var version = release.get();
        if (version.isBefore(GATE_KERNEL)) {
            problem(
                    "",
                    "the kernel is " + version + ", the gate needs " + GATE_KERNEL,
                    "install a newer kernel");
        } else if (version.isBefore(RESEND_KERNEL)) {
            warning(
                    "",
                    "the kernel is "
                            + version
                            + ": below "
                            + RESEND_KERNEL
                            + " a restart of the daemon on the primary is a failover",
                    "hand over before an upgrade (clusterctl takeover)");
        }
    }

    // ---- the network

    private void interfaces() {
        var configuration = configuration();
        var named = new LinkedHashSet<String>();
        configuration
                .links()
                .forEach((name, link) ->
                        exists(named, link.interfaces().of(self), "links." + name + ".interface"));
        var vip = configuration.vip().interfaces().of(self);
        exists(named, vip, "vip.interface");
        configuration
                .dhcp()
                .interfaces()
                .of(self)
                .forEach(name -> exists(named, name, "dhcp.interface"));
        configuration
                .trackInterfaces()
                .of(self)
                .forEach(name -> exists(named, name, "track-interface"));
        var promote = "/proc/sys/net/ipv4/conf/" + vip + "/promote_secondaries";
        if (text(promote).filter("0"::equals).isPresent()) {
            warning(
                    "vip.interface",
                    "when the VIP leaves "
                            + vip
                            + ", the kernel removes every address of its network that was added"
                            + " after it, the node's own perhaps",
                    "sysctl net.ipv4.conf." + vip + ".promote_secondaries=1");
        }
    }

    private void exists(Set<String> seen, String name, String key) {
        if (seen.add(name) && !hasInterface(name)) {
            problem(key, "there is no interface " + name, "see ip link");
        }
    }

    private boolean hasInterface(String name) {
        return Files.exists(at("/sys/class/net/" + name));
    }

    private void probe() {
        var ports = configuration().dhcp().probe().ports();
        if (ports.isEmpty()) {
            warning(
                    "dhcp.probe.interface",
                    "without a probe, a DHCP server that runs and answers nobody is not noticed",
                    "dhcp.probe { interface = probe0, receive-interface = "
                            + configuration().vip().interfaces().of(self)
                            + " }");
            return;
        }
        var send = ports.get().send().of(self);
        if (!hasInterface(send)) {
            if (send.equals(ports.get().receive().of(self))) {
                problem(
                        "dhcp.probe.interface",
                        "there is no interface " + send,
                        "a macvlan is made if receive-interface is the server's interface");
            }
            return;
        }
        var flags = text("/sys/class/net/" + send + "/flags");
        if (flags.isPresent() && (Integer.decode(flags.get()) & NO_ARP) == 0) {
            warning(
                    "dhcp.probe.interface",
                    send
                            + " answers by ARP for every address of this machine, the VIP too, and"
                            + " the gate does not guard it",
                    "ip link set " + send + " arp off");
        }
    }

    // ---- files

    private void secrets() {
        secret(configuration().cluster().keyFile(), "cluster.key-file");
        secret(configuration().tls().keyFile(), "tls.key-file");
        readable(configuration().tls().certificateFile(), "tls.certificate-file");
    }

    private boolean readable(Path file, String key) {
        if (Files.isReadable(at(file.toString()))) {
            return true;
        }
        problem(key, file + " cannot be read", "see ops/docs/configuration.md, " + key);
        return false;
    }

    private void secret(Path file, String key) {
        if (!readable(file, key)) {
            return;
        }
        try {
            var others = EnumSet.copyOf(FOR_OTHERS);
            others.retainAll(Files.getPosixFilePermissions(at(file.toString())));
            if (!others.isEmpty()) {
                warning(key, file + " is a secret, and others may read it", "chmod 600 " + file);
            }
        } catch (IOException e) {
            problem(key, file + " cannot be looked at: " + e.getMessage(), "see ls -l " + file);
        }
    }

    private void programs() {
        executable(
                configuration().dhcp().program(),
                "dhcp.program",
                "apt-get install isc-dhcp-server");
        // This node runs the agents of its peer.
        var peer = configuration().peerOf(self);
        for (var level : configuration().node(peer).fencingLevels()) {
            for (var device : level.devices()) {
                executable(
                        device.agent(),
                        "nodes." + peer + ".fencing",
                        "apt-get install fence-agents");
            }
        }
    }

    private void executable(Path program, String key, String hint) {
        if (!Files.isExecutable(at(program.toString()))) {
            problem(key, program + " is no program that can be run", hint);
        }
    }

    // ---- what Debian does with dhcpd by itself

    private void dhcpServer() {
        if (Files.exists(
                at("/etc/systemd/system/multi-user.target.wants/isc-dhcp-server.service"))) {
            warning(
                    "dhcp.program",
                    "systemd starts a dhcpd of its own at boot, which takes the port",
                    "systemctl disable --now isc-dhcp-server");
        }
        var program = configuration().dhcp().program();
        var profile = program.toString().substring(1).replace('/', '.');
        var local = "/etc/apparmor.d/local/" + profile;
        var mountPoint = configuration().volume().mountPoint().toString();
        if (isConfined(program) && text(local).filter(t -> t.contains(mountPoint)).isEmpty()) {
            warning(
                    "dhcp.program",
                    "AppArmor confines dhcpd, and " + local + " does not name the volume",
                    "write '"
                            + mountPoint
                            + "/ r, "
                            + mountPoint
                            + "/** rwkl,' into it, then apparmor_parser -r /etc/apparmor.d/"
                            + profile);
        }
        if (!Files.exists(at("/etc/logrotate.d/leasehold"))) {
            warning(
                    "paths.log-directory",
                    "nothing rotates "
                            + configuration().paths().logDirectory().resolve("dhcpd.log"),
                    "copy ops/examples/logrotate.conf to /etc/logrotate.d/leasehold");
        }
    }

    /** Lines such as {@code /usr/sbin/dhcpd (enforce)}; newer profiles have a name of their own. */
    private boolean isConfined(Path program) {
        var names = List.of(program + " (enforce)", program.getFileName() + " (enforce)");
        return text("/sys/kernel/security/apparmor/profiles").stream()
                .flatMap(String::lines)
                .anyMatch(names::contains);
    }

    // ---- small things

    private Configuration configuration() {
        return file.configuration();
    }

    private Path at(String path) {
        return root.resolve(path.substring(1));
    }

    /** The text of a small file, without blank ends; empty if there is none. */
    private Optional<String> text(String path) {
        try {
            return Optional.of(Files.readString(at(path), StandardCharsets.ISO_8859_1).strip());
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private void problem(String key, String message, String hint) {
        problems.add(new Problem(place(key), key, message, Optional.of(hint)));
    }

    private void warning(String key, String message, String hint) {
        warnings.add(new Problem(place(key), key, message, Optional.of(hint)));
    }

    /** Where the setting was made; the file as a whole if it is a default. */
    private Place place(String key) {
        return file.settings().stream()
                .filter(setting -> setting.key().equals(key) || setting.key().startsWith(key + "."))
                .map(EffectiveSetting::source)
                .flatMap(Optional::stream)
                .findFirst()
                .orElse(new Place(fileName, 0, 0));
    }
}
