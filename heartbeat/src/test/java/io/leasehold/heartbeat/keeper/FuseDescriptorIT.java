package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.leasehold.heartbeat.linux.FuseDevice;
import io.leasehold.heartbeat.linux.TestNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The cornerstone: a process that waits in fsync for a lease never learns of a failure, whoever
 * dies.
 *
 * <p>The writer is {@code dd conv=fsync}: whatever its fsync returns, it prints something
 * afterwards, so an empty log means that it never came back. The file system answers no fsync.
 */
class FuseDescriptorIT {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir Path directory = Path.of("/");

    private final TestNetwork network = new TestNetwork();
    private String namespace = "";

    @BeforeEach
    void makeNamespace() throws IOException {
        assumeTrue(TestNetwork.hindrance().isEmpty(), TestNetwork.hindrance());
        assumeTrue(Files.exists(Path.of("/dev/fuse")), "no /dev/fuse");
        namespace = network.namespace("f");
        Files.createDirectory(directory.resolve("mnt"));
    }

    @AfterEach
    void leaveNothingBehind() throws IOException {
        FuseDevice.abortMount(directory.resolve("mnt"));
        network.close();
    }

    @Test
    void shouldKeepTheWriterWaitingWhileTheDaemonIsReplaced() throws IOException {
        try (var keeper = startKeeper()) {
            int writer = awaitBlockedWriter();

            RunningKeeper.signal("KILL", keeper.daemonPid());
            await().atMost(PATIENCE).until(() -> Files.exists(directory.resolve("successor")));

            assertThat(state(writer)).isEqualTo("S");
            assertThat(writerLog()).isEmpty();
        }
        await().atMost(PATIENCE).until(() -> !state(writer()).equals("S"));
    }

    @Test
    void shouldNeverReturnFromFsyncWhenKeeperAndDaemonAreKilledInAnyOrder() throws IOException {
        try (var keeper = startKeeper()) {
            int writer = awaitBlockedWriter();
            assertThat(Files.readSymbolicLink(Path.of("/proc/" + writer + "/fd/3")))
                    .hasToString("/dev/fuse");
            int daemon = keeper.daemonPid();

            // Both at once: nobody else holds the connection now.
            TestNetwork.run(
                    "kill", "-KILL", Integer.toString(daemon), Integer.toString(keeper.pid()));

            // It has its SIGKILL, and cannot act upon it before its request is answered or aborted.
            await().atMost(PATIENCE).until(() -> state(writer).equals("D"));
            assertThat(pendingSignals(writer)).matches("0*100");
            assertThat(writerLog()).isEmpty();

            assertThat(FuseDevice.abortMount(directory.resolve("mnt"))).isTrue();

            await().atMost(PATIENCE)
                    .until(() -> ProcessHandle.of(writer).isEmpty() || state(writer).equals("Z"));
            assertThat(writerLog()).as("it never came back from fsync").isEmpty();
        }
    }

    @Test
    void shouldNeverReturnFromFsyncWhenTheKeeperStandsDown() throws IOException {
        try (var keeper = startKeeper()) {
            int writer = awaitBlockedWriter();

            // The daemon stands still: no progress, but its descriptor stays open.
            RunningKeeper.signal("STOP", keeper.daemonPid());
            await().atMost(PATIENCE).until(() -> keeper.log().contains("standing down"));

            await().atMost(PATIENCE).until(() -> ProcessHandle.of(writer).isEmpty());
            assertThat(writerLog()).isEmpty();
            assertThat(Mounts.isFuseMount(directory.resolve("mnt"))).isFalse();
            assertThat(keeper.process().isAlive()).isTrue();
        }
    }

    /** What all of this rests on besides the kernel: dhcpd leaves the descriptor open. */
    @Test
    void shouldStayInTheHandsOfARealDhcpd() throws IOException {
        var dhcpd = Path.of("/usr/sbin/dhcpd");
        assumeTrue(Files.isExecutable(dhcpd), "isc-dhcp-server is not installed");
        network.veth(namespace, "eth0", network.namespace("c"), "eth0");
        TestNetwork.ip(namespace, "addr add 192.0.2.1/24 dev eth0");
        var configuration = directory.resolve("dhcpd.conf");
        Files.writeString(
                configuration,
                "subnet 192.0.2.0 netmask 255.255.255.0 { range 192.0.2.20 192.0.2.30; }\n");
        var leases = Files.createFile(directory.resolve("dhcpd.leases"));
        try (var keeper = RunningKeeper.start(directory, namespace, RunningKeeper.IDLE_DAEMON);
                var client = keeper.attach(new RecordingListener())) {
            client.fuseDescriptor(directory.resolve("mnt")).close();
            int pid =
                    client.spawn(
                            new ProcessSpec(
                                    "dhcpd",
                                    List.of(
                                            dhcpd.toString(),
                                            "-4",
                                            "-f",
                                            "-d",
                                            "-cf",
                                            configuration.toString(),
                                            "-lf",
                                            leases.toString(),
                                            "-pf",
                                            directory.resolve("dhcpd.pid").toString(),
                                            "eth0"),
                                    Map.of(),
                                    directory.resolve("dhcpd.log"),
                                    true));

            await().atMost(PATIENCE)
                    .until(() ->
                            Files.readString(directory.resolve("dhcpd.log"))
                                    .contains("Sending on"));

            assertThat(Files.readSymbolicLink(Path.of("/proc/" + pid + "/fd/3")))
                    .hasToString("/dev/fuse");
            assertThat(Files.readString(Path.of("/proc/" + pid + "/cmdline")))
                    .startsWith(dhcpd.toString());

            RunningKeeper.signal("KILL", keeper.pid());
            await().atMost(PATIENCE).until(() -> ProcessHandle.of(pid).isEmpty());
        }
    }

    private RunningKeeper startKeeper() throws IOException {
        return RunningKeeper.start(
                directory, namespace, RunningKeeper.java(ToyDaemon.class, directory.toString()));
    }

    private int awaitBlockedWriter() {
        await().atMost(PATIENCE).until(() -> Files.exists(directory.resolve("fsync-arrived")));
        await().atMost(PATIENCE).until(() -> writer() > 0);
        return writer();
    }

    private int writer() {
        try {
            String pid = Files.readString(directory.resolve("writer.pid"));
            return pid.isEmpty() ? 0 : Integer.parseInt(pid);
        } catch (IOException _) {
            return 0;
        }
    }

    private String writerLog() throws IOException {
        return Files.readString(directory.resolve("writer.log"));
    }

    private static String state(int pid) {
        return field(pid, "State").substring(0, 1);
    }

    private static String pendingSignals(int pid) {
        return field(pid, "SigPnd");
    }

    private static String field(int pid, String name) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                    .filter(line -> line.startsWith(name + ":"))
                    .map(line -> line.substring(name.length() + 1).strip())
                    .findFirst()
                    .orElse("?");
        } catch (IOException _) {
            return "gone";
        }
    }
}
