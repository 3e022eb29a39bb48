package io.leasehold.dhcp.engine;

import static io.leasehold.dhcp.config.Configurations.FACTS;
import static io.leasehold.dhcp.config.Configurations.GOOD;
import static io.leasehold.dhcp.config.Configurations.PROBE_ID;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.ClusterFacts;
import io.leasehold.dhcp.config.Configuration;
import io.leasehold.dhcp.config.ConfigurationCheck;
import io.leasehold.dhcp.config.ConfigurationSource;
import io.leasehold.dhcp.config.ConfigurationWatch;
import io.leasehold.dhcp.config.ConfigurationWatch.Outcome;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.config.SyntaxCheck;
import io.leasehold.dhcp.guard.ClockComparison;
import io.leasehold.dhcp.guard.GuardReport;
import io.leasehold.dhcp.guard.GuardSettings;
import io.leasehold.dhcp.guard.PromotionGuard;
import io.leasehold.dhcp.lease.LeaseFiles;
import io.leasehold.dhcp.lease.LeaseFollower;
import io.leasehold.dhcp.lease.LeaseTable;
import io.leasehold.dhcp.packet.MessageType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real dhcpd on a plain directory, with real packets, in network namespaces. */
@Timeout(60)
class DhcpdEngineIT {

    @TempDir Path temporary;
    private final List<Alarm> alarms = new CopyOnWriteArrayList<>();
    private VolumeLayout volume;
    private DhcpLan lan;
    private NamespaceProcessHost host;
    private DhcpdEngine engine;
    private ConfigurationCheck check;
    private Generations generations;

    @BeforeEach
    void begin() throws IOException {
        volume = new VolumeLayout(Files.createDirectory(temporary.resolve("volume")));
        Files.writeString(volume.configuration(), GOOD);
        lan = new DhcpLan();
        host = new NamespaceProcessHost(lan.namespace("server"));
        engine = engine(host);
        check =
                new ConfigurationCheck(
                        FACTS, new SyntaxCheck(DhcpdSettings.PROGRAM, temporary.resolve("run")));
        generations = new Generations(volume);
    }

    private DhcpdEngine engine(ProcessHost processes) {
        return new DhcpdEngine(
                DhcpdSettings.of(volume, List.of("lan0"), temporary.resolve("dhcpd.log")),
                processes,
                alarms::add,
                System::nanoTime);
    }

    private ConfigurationRollout rollout(DhcpdEngine by) {
        return new ConfigurationRollout(by, generations, OptionalLong::empty, System::nanoTime);
    }

    private ConfigurationWatch watch(ConfigurationCheck by, ConfigurationWatch.Listener listener) {
        return new ConfigurationWatch(
                ConfigurationSource.mounted(volume),
                by,
                generations,
                () -> LeaseTable.EMPTY,
                InstantSource.system(),
                listener);
    }

    @AfterEach
    void end() throws IOException {
        engine.stop();
        engine.close();
        host.close();
        lan.close();
    }

    private GuardReport guard() {
        return new PromotionGuard(GuardSettings.of(volume), check, generations, System::nanoTime)
                .check(Instant.now(), new ClockComparison.Known(Duration.ZERO), Optional.empty());
    }

    private StartResult.Started startGuarded() {
        var report = guard();
        assertThat(report)
                .as(() -> report.findings().toString())
                .isInstanceOf(GuardReport.Clear.class);
        return start();
    }

    private StartResult.Started start() {
        var result = engine.start();
        assertThat(result).isInstanceOf(StartResult.Started.class);
        return (StartResult.Started) result;
    }

    private LeaseTable leases() throws IOException {
        return new LeaseFollower(volume.leases()).poll().table();
    }

    private static void killHard(int pid) {
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    }

    /** A renewal that power failed in the middle of. */
    private void tearLastRecord(Ipv4Address address) throws IOException {
        Files.writeString(
                volume.leases(),
                "lease "
                        + address
                        + " {\n  starts 0 2026/11/22 10:00:00;\n  ends 0 2036/11/22 10:00:00;\n  cltt",
                StandardOpenOption.APPEND);
    }

    @Test
    void shouldServeFromAFreshVolume() throws IOException {
        var started = startGuarded();
        System.out.println("dhcpd ready after " + started.took());

        try (var client = LanClient.on(lan, 1)) {
            var address = client.obtain();

            assertThat(leases().byAddress(address))
                    .hasValueSatisfying(
                            lease -> assertThat(lease.isActiveAt(Instant.now())).isTrue());
        }
        assertThat(engine.monitor()).isEqualTo(new Health.Running(started.pid()));
        assertThat(engine.stop())
                .isInstanceOfSatisfying(
                        StopResult.Stopped.class, s -> assertThat(s.byKill()).isFalse());
        assertThat(engine.monitor()).isEqualTo(new Health.NotRunning());
        assertThat(alarms).isEmpty();
    }

    @Test
    void shouldTellOfAServerThatDies() {
        killHard(startGuarded().pid());

        await().untilAsserted(() ->
                assertThat(alarms)
                        .singleElement()
                        .isInstanceOfSatisfying(
                                Alarm.Ended.class,
                                ended ->
                                        assertThat(ended.exit())
                                                .isEqualTo(new ProcessHost.Exit.Signal(9))));
        assertThat(engine.monitor()).isEqualTo(new Health.NotRunning());
    }

    @Test
    void shouldKeepTheHolderOfATornRenewal() throws IOException {
        try (var client = LanClient.on(lan, 1)) {
            int pid = startGuarded().pid();
            var address = client.obtain();
            killHard(pid);
            await().until(() -> engine.monitor() instanceof Health.NotRunning);
            tearLastRecord(address);

            assertThat(guard())
                    .isInstanceOfSatisfying(
                            GuardReport.Clear.class,
                            clear -> {
                                assertThat(clear.trimmedBytes()).isPositive();
                                assertThat(clear.active()).isEqualTo(1);
                            });
            start();

            assertThat(client.reboot(address)).contains(MessageType.ACK);
        }
    }

    /** If this fails, dhcpd has become better, and the guard's trimming can go. */
    @Test
    void shouldNeedTheGuardForThat() throws IOException {
        try (var client = LanClient.on(lan, 1)) {
            int pid = startGuarded().pid();
            var address = client.obtain();
            killHard(pid);
            await().until(() -> engine.monitor() instanceof Health.NotRunning);
            tearLastRecord(address);

            start();

            assertThat(client.reboot(address)).contains(MessageType.NAK);
        }
    }

    @Test
    void shouldRefuseAmnesia() throws IOException {
        try (var client = LanClient.on(lan, 1)) {
            startGuarded();
            client.obtain();
            engine.stop();
        }
        assertThat(guard()).isInstanceOf(GuardReport.Clear.class);
        Files.write(volume.leases(), new byte[0]);

        assertThat(guard())
                .isInstanceOfSatisfying(
                        GuardReport.Refused.class,
                        refused ->
                                assertThat(refused.findings().getLast().check())
                                        .isEqualTo("amnesia"));
    }

    @Test
    void shouldSayWithFileAndLineWhyDhcpdDoesNotStart() throws IOException {
        startGuarded();
        engine.stop();
        Files.writeString(
                volume.acceptedConfiguration(), "authoritative;\nsubnet 198.18.0.0 netmask {\n");

        assertThat(engine.start())
                .isInstanceOfSatisfying(
                        StartResult.NotStarted.class,
                        not ->
                                assertThat(not.findings())
                                        .anySatisfy(finding ->
                                                assertThat(finding.place())
                                                        .hasToString(
                                                                volume.acceptedConfiguration()
                                                                        + ":2")));
        assertThat(engine.monitor()).isEqualTo(new Health.NotRunning());
    }

    @Test
    void shouldSayThatTheVipIsMissing() throws IOException {
        lan.ip("server", "addr", "del", DhcpLan.VIP + "/24", "dev", "lan0");
        lan.ip("server", "addr", "replace", "198.18.0.2/24", "dev", "lan0");
        guard();

        assertThat(engine.start())
                .isInstanceOfSatisfying(
                        StartResult.NotStarted.class,
                        not -> {
                            System.out.println("without the VIP: " + not.findings());
                            assertThat(not.findings().getLast().advice())
                                    .contains("local-address must be on this node");
                        });
    }

    @Test
    void shouldNoticeThatItsLeaseFileWasReplacedUnderItsFeet() throws IOException {
        int pid = startGuarded().pid();
        assertThat(engine.monitor()).isEqualTo(new Health.Running(pid));
        var copy = volume.root().resolve("copy");
        Files.copy(volume.leases(), copy);
        Files.move(
                copy,
                volume.leases(),
                java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);

        await().untilAsserted(() ->
                assertThat(engine.monitor())
                        .isInstanceOfSatisfying(
                                Health.Failing.class,
                                failing ->
                                        assertThat(failing.alarm())
                                                .isInstanceOf(Alarm.LeaseFileDetached.class)));
        assertThat(alarms).hasSize(1);
        assertThat(engine.restart()).isInstanceOf(StartResult.Started.class);
        assertThat(engine.monitor()).isInstanceOf(Health.Running.class);
    }

    @Test
    void shouldFollowAServerThatAPredecessorStarted() throws IOException {
        int pid = startGuarded().pid();
        try (var successor = engine(host)) {
            assertThat(successor.adopt()).contains(pid);
            assertThat(successor.start())
                    .isInstanceOfSatisfying(
                            StartResult.Started.class, s -> assertThat(s.pid()).isEqualTo(pid));
            assertThat(successor.stop()).isInstanceOf(StopResult.Stopped.class);
        }
    }

    @Test
    void shouldApplyAGoodEditAndRefuseABadOne() throws IOException {
        int pid = startGuarded().pid();
        var outcomes = new CopyOnWriteArrayList<Outcome>();
        try (var watch = watch(check, outcomes::add)) {
            watch.start(System::nanoTime);
            Files.writeString(volume.configuration(), GOOD.replace("  range", "  rangee"));
            await().until(() -> outcomes.size() == 1);
            assertThat(outcomes.getFirst())
                    .isInstanceOfSatisfying(
                            Outcome.Refused.class,
                            refused -> {
                                assertThat(refused.findings())
                                        .filteredOn(Finding::isError)
                                        .extracting(f -> f.place().toString())
                                        .anySatisfy(place ->
                                                assertThat(place)
                                                        .startsWith(
                                                                volume.configuration() + ":7:"));
                                assertThat(refused.inForce().orElseThrow().number()).isEqualTo(1);
                            });
            assertThat(engine.monitor()).isEqualTo(new Health.Running(pid));

            // A crash now restarts the last good one.
            killHard(pid);
            await().until(() -> engine.monitor() instanceof Health.NotRunning);
            startGuarded();

            Files.writeString(volume.configuration(), GOOD.replace(".250;", ".240;"));
            await().until(() -> outcomes.size() == 2);
            assertThat(outcomes.getLast())
                    .isInstanceOfSatisfying(
                            Outcome.Accepted.class,
                            accepted -> assertThat(accepted.generation().number()).isEqualTo(2));
            assertThat(engine.restart()).isInstanceOf(StartResult.Started.class);
            assertThat(volume.acceptedConfiguration()).content().contains("198.18.0.240;");
        }
    }

    @Test
    void shouldTakeAGenerationBackWithWhichDhcpdDoesNotStart() throws IOException {
        var rollout = rollout(engine);
        // Agrees with other facts and with dhcpd -t; but lan0 is in none of its subnets.
        var elsewhere = new ClusterFacts(Ipv4Address.of("198.18.5.1"), List.of(), PROBE_ID);
        var otherCheck =
                new ConfigurationCheck(
                        elsewhere,
                        new SyntaxCheck(DhcpdSettings.PROGRAM, temporary.resolve("run")));
        try (var watch = watch(otherCheck, _ -> {})) {
            guard();
            assertThat(rollout.start(watch))
                    .isInstanceOf(ConfigurationRollout.Result.Applied.class);
            engine.stop();
            Files.writeString(volume.configuration(), GOOD.replace("198.18.0.", "198.18.5."));
            assertThat(watch.checkNow()).isInstanceOf(Outcome.Accepted.class);

            assertThat(rollout.start(watch))
                    .isInstanceOfSatisfying(
                            ConfigurationRollout.Result.TakenBack.class,
                            back -> {
                                assertThat(back.inForce().number()).isEqualTo(3);
                                assertThat(back.inForce().text()).isEqualTo(GOOD);
                                assertThat(back.findings().getLast().advice())
                                        .contains("subnet declaration");
                            });
            assertThat(engine.monitor()).isInstanceOf(Health.Running.class);
        }
    }

    /** As when a volume is mounted here a second after an edit, and nobody else applies it. */
    @Test
    void shouldServeWithWhatWasAcceptedWhileItStarted() throws IOException {
        guard();
        var starts = new AtomicInteger();
        var editedMeanwhile =
                new ProcessHost() {
                    @Override
                    public HostedProcess start(ProcessOrder order) throws IOException {
                        var process = host.start(order);
                        if (starts.incrementAndGet() == 1) {
                            Files.writeString(volume.configuration(), "# new\n" + GOOD);
                            generations.accept(
                                    Configuration.read(ConfigurationSource.mounted(volume)),
                                    Instant.now());
                        }
                        return process;
                    }

                    @Override
                    public Optional<HostedProcess> running(String name) {
                        return host.running(name);
                    }

                    @Override
                    public void signal(String name, Signal signal) throws IOException {
                        host.signal(name, signal);
                    }
                };
        try (var server = engine(editedMeanwhile);
                var watch = watch(check, _ -> {})) {
            assertThat(rollout(server).start(watch))
                    .isInstanceOf(ConfigurationRollout.Result.Applied.class);

            assertThat(starts).as("once with each").hasValue(2);
            assertThat(generations.accepted().generation().orElseThrow().number()).isEqualTo(2);
            assertThat(server.monitor()).isInstanceOf(Health.Running.class);
            server.stop();
        }
    }

    /** Its daemon was killed between the acceptance of an edit and the restart of dhcpd. */
    @Test
    void shouldTellThatAnAdoptedServerRunsOnAnOlderGeneration() throws IOException {
        startGuarded();
        try (var successor = engine(host);
                var watch = watch(check, _ -> {})) {
            var rollout = rollout(successor);
            assertThat(successor.adopt()).isPresent();
            assertThat(rollout.adopted()).as("nothing was edited").isTrue();

            Files.writeString(volume.configuration(), "# new\n" + GOOD);
            assertThat(watch.checkNow()).isInstanceOf(Outcome.Accepted.class);
            assertThat(rollout.adopted()).as("accepted after its start").isFalse();

            successor.stop();
            assertThat(rollout.start(watch))
                    .isInstanceOf(ConfigurationRollout.Result.Applied.class);
            assertThat(rollout.adopted()).isTrue();
            assertThat(successor.generation()).hasValue(2);
            successor.stop();
        }
    }

    @Test
    void shouldFailWithoutOneThatIsKnownToBeBetter() throws IOException {
        guard();
        lan.ip("server", "addr", "del", DhcpLan.VIP + "/24", "dev", "lan0");
        lan.ip("server", "addr", "replace", "198.18.0.2/24", "dev", "lan0");
        try (var watch = watch(check, _ -> {})) {
            assertThat(rollout(engine).start(watch))
                    .isInstanceOf(ConfigurationRollout.Result.Failed.class);
            assertThat(generations.accepted().generation().orElseThrow().number()).isEqualTo(1);
        }
    }

    /** The two steps of a takeover that grow with the number of leases. */
    @ParameterizedTest
    @ValueSource(ints = {1_000, 10_000, 100_000})
    void shouldStartWithManyLeases(int count) throws IOException {
        Files.writeString(
                volume.configuration(),
                GOOD.replace("255.255.255.0", "255.254.0.0")
                        .replace(".0.250;", ".255.250;")
                        .replace(
                                "range 198.18.0.10 198.18.255.250",
                                "range 198.18.0.10 198.19.255.250"));
        var now = Instant.now();
        Files.write(
                volume.leases(), LeaseFiles.of(count, now.minusSeconds(60), now.plusSeconds(3600)));
        var follower = new LeaseFollower(volume.leases());
        follower.poll();
        var guard =
                new PromotionGuard(GuardSettings.of(volume), check, generations, System::nanoTime);
        GuardReport report = guard();
        for (int i = 0; i < 5; i++) {
            report =
                    guard.check(
                            Instant.now(),
                            new ClockComparison.Known(Duration.ZERO),
                            Optional.of(follower));
        }
        var clear = (GuardReport.Clear) report;
        assertThat(clear.active()).isEqualTo(count);

        var started = start();

        System.out.println(
                count
                        + " leases: guard "
                        + clear.took().toMillis()
                        + " ms, dhcpd "
                        + started.took().toMillis()
                        + " ms");
        assertThat(started.took()).isLessThan(Duration.ofSeconds(5));
        assertThat(started.findings()).isEmpty();
        assertThat(leases().size()).isEqualTo(count);
    }
}
