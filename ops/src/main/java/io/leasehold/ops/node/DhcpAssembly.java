package io.leasehold.ops.node;

import io.leasehold.blockrep.ReplicatedVolume;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.ClusterFacts;
import io.leasehold.dhcp.config.ConfigurationCheck;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.config.SyntaxCheck;
import io.leasehold.dhcp.engine.Alarm;
import io.leasehold.dhcp.engine.DhcpdEngine;
import io.leasehold.dhcp.engine.DhcpdSettings;
import io.leasehold.dhcp.engine.ProcessHost;
import io.leasehold.dhcp.guard.GuardSettings;
import io.leasehold.dhcp.guard.PromotionGuard;
import io.leasehold.dhcp.lease.LeaseFollower;
import io.leasehold.dhcp.probe.ProbeSettings;
import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.ops.control.Reply;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Puts the DHCP service of a node together from its configuration.
 *
 * @param processes where dhcpd lives
 * @param clockAheadOfPeer as far as it is known
 */
record DhcpAssembly(
        Settings settings,
        KeeperProcesses processes,
        Supplier<Optional<Duration>> clockAheadOfPeer,
        InstantSource wallClock,
        Journalist history) {

    /** The name of the server's process at the keeper. */
    static final String PROCESS = DhcpdEngine.PROCESS;

    /** Where the volume keeps the files that an administrator may read. */
    private static final String TREE = "tree";

    DhcpService assemble(
            ReplicatedVolume volume, Consumer<Event> controller, Slot<ControlDesk> desk) {
        var configuration = settings.configuration();
        var dhcp = configuration.dhcp();
        var mounted = new VolumeLayout(configuration.volume().mountPoint());
        var backing = new VolumeLayout(configuration.volume().directory().resolve(TREE));
        var facts =
                new ClusterFacts(
                        address(configuration.vip().address().address()),
                        configuration.links().values().stream()
                                .flatMap(link -> link.addresses().values().values().stream())
                                .map(DhcpAssembly::address)
                                .toList(),
                        ProbeSettings.CLIENT_ID);
        var check =
                new ConfigurationCheck(
                        facts,
                        new SyntaxCheck(
                                dhcp.program(),
                                configuration.paths().runDirectory().resolve("dhcp-check")));
        var generations = new Generations(mounted);
        var guardSettings =
                new GuardSettings(
                        mounted,
                        min(GuardSettings.CLOCK_WARNING, dhcp.clockDifferenceMax()),
                        dhcp.clockDifferenceMax(),
                        GuardSettings.NEIGHBOURS_MAX);
        var service = new Slot<DhcpService>();
        var engine =
                new DhcpdEngine(
                        new DhcpdSettings(
                                dhcp.program(),
                                mounted,
                                dhcp.interfaces().of(settings.self()),
                                configuration.paths().logDirectory().resolve("dhcpd.log"),
                                configuration.resources().dhcp().startTimeout(),
                                DhcpdSettings.TERM_LIMIT,
                                DhcpdSettings.KILL_LIMIT),
                        spaceFor(volume),
                        alarm -> {
                            service.ifFilled(dhcpService -> dhcpService.alarmed(alarm));
                            if (alarm.isFatal()) {
                                controller.accept(
                                        new Event.ResourceFailed(Settings.DHCP, text(alarm)));
                            }
                        },
                        System::nanoTime);
        service.fill(
                new DhcpService(
                        new DhcpService.Parts(
                                mounted,
                                backing,
                                generations,
                                check,
                                new PromotionGuard(
                                        guardSettings, check, generations, System::nanoTime),
                                engine,
                                new LeaseFollower(backing.leases()),
                                clockAheadOfPeer,
                                wallClock,
                                history,
                                ProbeDesk.open(settings, generations, facts),
                                volume::lastPeerDelayNanos,
                                (guardToo, reason) -> restart(desk, guardToo, reason),
                                new FirstAnswerWatch(
                                        dhcp.interfaces().of(settings.self()), history))));
        return service.get().orElseThrow();
    }

    /** The server's process may use the last of the disk's space. */
    private ProcessHost spaceFor(ReplicatedVolume volume) {
        return new ProcessHost() {
            @Override
            public HostedProcess start(ProcessOrder order) throws java.io.IOException {
                var started = processes.start(order);
                volume.reserveSpaceFor(started.pid());
                return started;
            }

            @Override
            public Optional<HostedProcess> running(String name) {
                var found = processes.running(name);
                found.ifPresent(process -> volume.reserveSpaceFor(process.pid()));
                return found;
            }

            @Override
            public void signal(String name, Signal signal) throws java.io.IOException {
                processes.signal(name, signal);
            }
        };
    }

    private static Optional<String> restart(Slot<ControlDesk> desk, boolean guardToo, String reason)
            throws InterruptedException {
        var resource = guardToo ? Settings.GUARD : Settings.DHCP;
        return switch (desk.get().orElseThrow().command(new Command.Restart(resource, reason))) {
            case Reply.Done _, Reply.Report _ -> Optional.empty();
            case Reply.Failed(String sentence) -> Optional.of(sentence);
            case Reply.Refused(String sentence, String _, var _) -> Optional.of(sentence);
        };
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Ipv4Address address(java.net.Inet4Address address) {
        return Ipv4Address.of(address.getAddress(), 0);
    }

    private static String text(Alarm alarm) {
        return alarm.toString();
    }
}
