package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.keeper.GateConfiguration.Guarded;
import io.leasehold.heartbeat.link.LinkConfiguration;
import io.leasehold.heartbeat.link.LinkSpec;
import io.leasehold.heartbeat.linux.NetworkNamespace;
import io.leasehold.heartbeat.linux.TestNetwork;
import io.leasehold.heartbeat.wire.Rejection;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real keepers in namespaces; this process plays the daemons, the keepers' own children only sleep.
 */
class KeeperIT {
    private static final Inet4Address VIP = Inet4Address.ofLiteral("192.0.2.10");
    private static final GateConfiguration GATE =
            new GateConfiguration(List.of(new Guarded("eth0", VIP)));
    private static final SupervisionPolicy QUICK =
            new SupervisionPolicy(
                    Duration.ofMillis(700),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(60),
                    3,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(2));
    private static final SupervisionPolicy PATIENT =
            new SupervisionPolicy(
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(60),
                    3,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(2));
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** As nft shows the element that is no permission, but the ticket for one. */
    private static final String TICKET = "timeout " + Gate.TICKET.toMillis() + "ms";

    @TempDir Path directory = Path.of("/");

    private final TestNetwork network = new TestNetwork();
    private final List<AutoCloseable> toClose = new ArrayList<>();
    private String one = "";
    private String two = "";

    @BeforeEach
    void connectTwoNodes() throws IOException {
        assumeTrue(TestNetwork.hindrance().isEmpty(), TestNetwork.hindrance());
        one = network.namespace("1");
        two = network.namespace("2");
        network.veth(one, "eth0", two, "eth0");
        network.veth(one, "xover", two, "xover");
        for (var address : Map.of(one, "1", two, "2").entrySet()) {
            TestNetwork.ip(
                    address.getKey(), "addr add 192.0.2." + address.getValue() + "/24 dev eth0");
            TestNetwork.ip(
                    address.getKey(),
                    "addr add 198.51.100." + address.getValue() + "/30 dev xover");
        }
    }

    @AfterEach
    void endEverything() throws Exception {
        for (var closeable : toClose.reversed()) {
            closeable.close();
        }
        network.close();
    }

    @Test
    void shouldBeThereQuicklyAndSmall() throws IOException {
        long before = System.nanoTime();
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        keeper.awaitSocket();
        long startedMillis = (System.nanoTime() - before) / 1_000_000;

        var listener = new RecordingListener();
        var client = attach(keeper, listener);
        client.configureLinks(links("n1", "n2", "1", "2"));
        client.publish(new byte[200]);
        await().atMost(PATIENCE).until(() -> listener.health.size() >= 3);

        var status = Files.readString(Path.of("/proc/" + keeper.pid() + "/status"));
        long rssMiB =
                status.lines().filter(l -> l.startsWith("VmRSS")).mapToLong(KeeperIT::kib).sum()
                        / 1024;
        System.out.printf(
                "keeper ready after %d ms, RSS %d MiB%n%s%n",
                startedMillis, rssMiB, listener.health);
        // Bounds for a busy machine; what is usual stands in the decision record.
        assertThat(startedMillis).isLessThan(3_000);
        assertThat(rssMiB).isLessThan(64);
    }

    /** All of its JVM's threads at that priority have kept whole machines from their work. */
    @Test
    void shouldPutNoMoreThanItsTwoPunctualThreadsBeforeOthers() throws IOException {
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        keeper.awaitSocket();
        var process = Path.of("/proc/" + keeper.pid());

        var realTime = new ArrayList<String>();
        try (var threads = Files.list(process.resolve("task"))) {
            for (var thread : (Iterable<Path>) threads::iterator) {
                // proc(5), stat: the fields behind the name in parentheses; 41 is the policy.
                var stat = Files.readString(thread.resolve("stat"));
                var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
                if (fields[41 - 3].equals("1")) {
                    realTime.add(Files.readString(thread.resolve("comm")).strip());
                }
            }
        }

        assertThat(realTime).containsExactlyInAnyOrder("keeper", "VM Thread");
        assertThat(Files.readString(process.resolve("limits")))
                .containsPattern("Max realtime timeout +2000000 +2000000 +us");
    }

    private static long kib(String line) {
        return Long.parseLong(line.replaceAll("\\D+", ""));
    }

    @Test
    void shouldTellWhatItHoldsToASecondDaemonAfterTheFirstDied() throws IOException {
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var first = attach(keeper, new RecordingListener());
        assertThat(first.state().gate()).isEqualTo(new KeeperState.Gate.Absent());
        first.configureGate(GATE);
        long until = System.nanoTime() + 60_000_000_000L;
        first.openGate(until);
        int pid = first.spawn(sleeper("dhcpd"));
        assertThatThrownBy(() -> KeeperClient.attach(keeper.socket(), new RecordingListener()))
                .isInstanceOf(KeeperRefusedException.class)
                .hasMessageContaining("is attached");
        assertThatThrownBy(() -> first.spawn(sleeper("dhcpd")))
                .isInstanceOf(KeeperRefusedException.class)
                .hasMessageContaining("dhcpd runs already, as process " + pid);

        first.close();
        await().atMost(PATIENCE).until(() -> keeper.log().contains("daemon detached"));
        var listener = new RecordingListener();
        var second = attach(keeper, listener);

        var state = second.state();
        assertThat(state.pid()).isEqualTo(keeper.pid());
        assertThat(state.attachments()).isEqualTo(2);
        assertThat(state.processes()).containsExactly(new KeeperState.RunningProcess("dhcpd", pid));
        assertThat(state.gate()).isEqualTo(new KeeperState.Gate.Open(until));
        assertThat(state.stoodDown()).isEmpty();
        second.configureGate(GATE);
        assertThat(second.state().gate())
                .as("the same configuration changes nothing")
                .isEqualTo(new KeeperState.Gate.Open(until));
        assertThat(second.signal("dhcpd", 15)).isTrue();
        await().atMost(PATIENCE).until(() -> !listener.exits.isEmpty());
        assertThat(listener.exits.getFirst().status()).isEqualTo(new ProcessExit.Status.Killed(15));
        assertThat(second.signal("dhcpd", 9)).isFalse();
    }

    /** An upgrade of the daemon: the keeper of the build before goes on holding the mount. */
    @Test
    void shouldBeAttachedByADaemonThatSpeaksANewerVersionToo() throws IOException {
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        keeper.awaitSocket();
        int newer = KeeperCodec.PROTOCOL_VERSION + 1;

        var listener = new RecordingListener();

        try (var client =
                KeeperClient.attach(
                        keeper.socket(), listener, newer, KeeperCodec.PROTOCOL_VERSION)) {
            assertThat(client.state().attachments()).isEqualTo(1);
            assertThat(listener.events).as("no keeper was lost by the first offer").isEmpty();
        }
        assertThatThrownBy(() ->
                        KeeperClient.attach(keeper.socket(), new RecordingListener(), newer, newer))
                .isInstanceOf(KeeperRefusedException.class)
                .hasMessageContaining(
                        "to " + KeeperCodec.PROTOCOL_VERSION + ", the daemon " + newer);
    }

    /**
     * It stands still until a child's program runs. A child that gave up its priority before that
     * would wait for a processor first, and no beat leaves meanwhile.
     */
    @Test
    void shouldNotWaitForAProcessorWhenItStartsAProcess() throws Exception {
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var client = attach(keeper, new RecordingListener());

        var dhcpd = client.spawn(sleeper("dhcpd"));

        assertThat(policy(keeper.threadOfItsLoop()))
                .as("of the thread that beats, and starts processes")
                .isEqualTo("SCHED_FIFO");
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(policy(dhcpd))
                                .as("of the DHCP server")
                                .isEqualTo("SCHED_OTHER"));
        await().atMost(PATIENCE).until(() -> keeper.daemonPid() > 0);
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(policy(keeper.daemonPid()))
                                .as("of the daemon")
                                .isEqualTo("SCHED_OTHER"));
    }

    /** Of a thread, or a process's first one; what {@code chrt --pid} calls it. */
    private static String policy(int thread) throws IOException {
        var said = TestNetwork.run("chrt", "--pid", Integer.toString(thread));
        return said.lines()
                .filter(line -> line.contains("policy"))
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void shouldRestartItsDaemonAtOnce() throws IOException {
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        keeper.awaitSocket();
        await().atMost(PATIENCE).until(() -> keeper.daemonPid() > 0);
        int first = keeper.daemonPid();
        long before = System.nanoTime();

        RunningKeeper.signal("KILL", first);

        await().pollInterval(Duration.ofMillis(2))
                .atMost(PATIENCE)
                .until(() -> keeper.daemonPid() != first);
        long restartMillis = (System.nanoTime() - before) / 1_000_000;
        System.out.printf("daemon restarted after %d ms%n", restartMillis);
        assertThat(restartMillis).isLessThan(1_000);
    }

    @Test
    void shouldCarryBeatsAndNoticeACutCable() throws Exception {
        var heardByTwo = new RecordingListener();
        var clientOne =
                attach(keeper("a", one, RunningKeeper.IDLE_DAEMON), new RecordingListener());
        var clientTwo = attach(keeper("b", two, RunningKeeper.IDLE_DAEMON), heardByTwo);
        clientOne.configureLinks(links("n1", "n2", "1", "2"));
        clientTwo.configureLinks(links("n2", "n1", "2", "1"));
        clientOne.publish("one".getBytes(StandardCharsets.UTF_8));
        clientTwo.publish("two".getBytes(StandardCharsets.UTF_8));

        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(heardByTwo.beats)
                                .extracting(PeerBeat::link)
                                .contains("lan", "crossover"));
        await().atMost(PATIENCE)
                .until(() -> heardByTwo.lastBeat().orElseThrow().roundTripNanos().isPresent());
        var beat = heardByTwo.lastBeat().orElseThrow();
        assertThat(beat.payload()).asString().isEqualTo("one");
        assertThat(beat.daemon()).isEqualTo(PeerBeat.DaemonCondition.ATTACHED);
        assertThat(beat.daemonIncarnation()).isEqualTo(1);
        assertThat(beat.bootId())
                .hasToString(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip());
        assertThat(beat.roundTripNanos().getAsLong()).isBetween(1L, 100_000_000L);

        // A stranger on the LAN: counted, nothing else.
        NetworkNamespace.call(
                TestNetwork.path(one),
                () -> {
                    try (var stranger = new DatagramSocket()) {
                        var noise = new byte[100];
                        stranger.send(
                                new DatagramPacket(
                                        noise, 100, InetAddress.getByName("192.0.2.2"), 5405));
                    }
                    return true;
                });
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(heardByTwo.statistics)
                                .first()
                                .satisfies(lan ->
                                        assertThat(lan.rejected())
                                                .containsEntry(Rejection.FOREIGN_SOURCE, 1L)));

        TestNetwork.ip(one, "link set xover down");
        long cut = System.nanoTime();
        await().pollInterval(Duration.ofMillis(1))
                .atMost(PATIENCE)
                .until(() ->
                        heardByTwo.interfaces.stream()
                                .anyMatch(c -> c.name().equals("xover") && !c.carrier()));
        var change =
                heardByTwo.interfaces.stream()
                        .filter(c -> c.name().equals("xover") && !c.carrier())
                        .findFirst()
                        .orElseThrow();
        System.out.printf("carrier loss known after %d us%n", (change.atNanos() - cut) / 1_000);
        assertThat(change.present()).isTrue();
        // Within a beat; the kernel's own event may take a second.
        assertThat(change.atNanos() - cut).isLessThan(300_000_000);
        int before = heardByTwo.beats.size();
        await().atMost(PATIENCE).until(() -> heardByTwo.beats.size() > before + 5);
        assertThat(heardByTwo.beats.subList(before + 3, before + 5))
                .extracting(PeerBeat::link)
                .containsOnly("lan");
    }

    /** What its predecessor served is lost then, but the start itself is not. */
    @Test
    void shouldLetASuccessorGoOnThatStartsTooSlowlyToSaveTheService() throws Exception {
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var first = attach(keeper, new RecordingListener());
        first.configureSupervision(QUICK);
        first.configureGate(GATE);
        int pid = first.spawn(sleeper("dhcpd"));
        first.close();
        await().atMost(PATIENCE).until(() -> keeper.log().contains("daemon detached"));
        var listener = new RecordingListener();

        var second = attach(keeper, listener);
        second.starting("opens journal and volume");
        await().atMost(PATIENCE).until(() -> keeper.log().contains("standing down"));

        await().atMost(PATIENCE).until(() -> ProcessHandle.of(pid).isEmpty());
        assertThat(second.state().stoodDown()).isPresent();
        assertThat(listener.events).as("nothing was taken from it").isEmpty();
        assertThat(second.spawn(sleeper("dhcpd"))).isPositive();
    }

    /** As on a secondary, whose flush may last long: it is needed the moment it is back. */
    @Test
    void shouldNotGiveUpADaemonForWhichNothingIsHeld() throws Exception {
        var heardByTwo = new RecordingListener();
        var toldToOne = new RecordingListener();
        var keeperOne = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var clientOne = attach(keeperOne, toldToOne);
        var clientTwo = attach(keeper("b", two, RunningKeeper.IDLE_DAEMON), heardByTwo);
        clientOne.configureSupervision(QUICK);
        clientOne.configureLinks(links("n1", "n2", "1", "2"));
        clientTwo.configureLinks(links("n2", "n1", "2", "1"));
        clientTwo.publish(new byte[0]);
        clientOne.publish(new byte[0]);
        clientOne.progress();

        await().atMost(PATIENCE)
                .until(() ->
                        heardByTwo.lastBeat().stream()
                                .anyMatch(beat ->
                                        beat.progressAgeNanos()
                                                > 2 * QUICK.daemonDeadTime().toNanos()));

        assertThat(keeperOne.log()).doesNotContain("standing down");
        assertThat(toldToOne.events).isEmpty();
        assertThat(clientOne.spawn(sleeper("dhcpd"))).isPositive();
    }

    @Test
    void shouldShowThePeerThatItsDaemonHangsAndThenStandDown() throws Exception {
        var heardByTwo = new RecordingListener();
        var toldToOne = new RecordingListener();
        var keeperOne = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var clientOne = attach(keeperOne, toldToOne);
        var clientTwo = attach(keeper("b", two, RunningKeeper.IDLE_DAEMON), heardByTwo);
        clientOne.configureGate(GATE);
        clientOne.configureLinks(links("n1", "n2", "1", "2"));
        clientTwo.configureLinks(links("n2", "n1", "2", "1"));
        clientTwo.publish(new byte[0]);
        clientOne.publish(new byte[0]);
        clientOne.openGate(System.nanoTime() + 60_000_000_000L);
        int pid = clientOne.spawn(sleeper("dhcpd"));
        clientOne.progress();
        clientOne.configureSupervision(QUICK);

        // No progress from here on, but the beats go on for a while and say so.
        await().atMost(PATIENCE)
                .until(() ->
                        heardByTwo.lastBeat().stream()
                                .anyMatch(b -> b.progressAgeNanos() > 400_000_000));
        await().atMost(PATIENCE).until(() -> !toldToOne.events.isEmpty());

        assertThat(toldToOne.events)
                .containsExactly("stood down: the daemon has shown no progress for 700 ms");
        await().atMost(PATIENCE).until(() -> !toldToOne.exits.isEmpty());
        assertThat(toldToOne.exits.getFirst().status()).isEqualTo(new ProcessExit.Status.Killed(9));
        assertThat(ProcessHandle.of(pid)).isEmpty();
        var state = clientOne.state();
        assertThat(state.gate()).isEqualTo(new KeeperState.Gate.Shut());
        assertThat(state.stoodDown()).isPresent();
        assertThatThrownBy(() -> clientOne.openGate(System.nanoTime() + 60_000_000_000L))
                .as("an order that was under way")
                .isInstanceOf(KeeperRefusedException.class)
                .hasMessageContaining("no progress for 700 ms");
        assertThatThrownBy(() -> clientOne.spawn(sleeper("dhcpd")))
                .isInstanceOf(KeeperRefusedException.class);
        await().atMost(PATIENCE)
                .until(() ->
                        heardByTwo.lastBeat().orElseThrow().daemon()
                                == PeerBeat.DaemonCondition.STOOD_DOWN);
        int silentSince = heardByTwo.beats.size();
        await().during(Duration.ofMillis(500))
                .atMost(PATIENCE)
                .until(() -> heardByTwo.beats.size() <= silentSince + 6);

        clientOne.publish("back".getBytes(StandardCharsets.UTF_8));
        await().atMost(PATIENCE)
                .until(() ->
                        heardByTwo.lastBeat().orElseThrow().daemon()
                                == PeerBeat.DaemonCondition.ATTACHED);
    }

    @Test
    void shouldPassOnThatItIsToldToStopAndTakeTheGateAway() throws Exception {
        var listener = new RecordingListener();
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var client = attach(keeper, listener);
        client.configureGate(GATE);
        int pid = client.spawn(sleeper("dhcpd"));

        RunningKeeper.signal("TERM", keeper.pid());
        await().atMost(PATIENCE).until(() -> listener.events.contains("shutdown requested"));
        assertThat(keeper.process().isAlive()).isTrue();
        RunningKeeper.signal("KILL", keeper.daemonPid());

        assertThat(keeper.process().waitFor(10, TimeUnit.SECONDS)).isTrue();
        await().atMost(PATIENCE).until(() -> listener.events.size() == 2);
        assertThat(listener.events).contains("keeper lost: it has ended");
        assertThat(ProcessHandle.of(pid)).isEmpty();
        assertThat(TestNetwork.exec(one, "nft", "list", "ruleset")).isBlank();
        assertThat(keeper.socket()).doesNotExist();
    }

    @Test
    void shouldTakeItsProcessesAlongAndLeaveTheGateToShutByItselfWhenItIsKilled() throws Exception {
        var listener = new RecordingListener();
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var client = attach(keeper, listener);
        client.configureGate(GATE);
        client.openGate(System.nanoTime() + 60_000_000_000L);
        int pid = client.spawn(sleeper("dhcpd"));
        assertThat(openElements()).isEqualTo(2);

        RunningKeeper.signal("KILL", keeper.pid());

        await().atMost(PATIENCE).until(() -> ProcessHandle.of(pid).isEmpty());
        await().atMost(PATIENCE).until(() -> !listener.events.isEmpty());
        await().atMost(Duration.ofSeconds(2)).until(() -> openElements() == 0);
        assertThatThrownBy(() -> client.progress()).isInstanceOf(IOException.class);
    }

    @Test
    void shouldNotOpenTheGateAgainByItselfAfterItStoodStill() throws Exception {
        var listener = new RecordingListener();
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var client = attach(keeper, listener);
        client.configureGate(GATE);
        client.openGate(System.nanoTime() + 60_000_000_000L);

        RunningKeeper.signal("STOP", keeper.pid());
        await().atMost(Duration.ofSeconds(2)).until(() -> openElements() == 0);
        RunningKeeper.signal("CONT", keeper.pid());

        await().atMost(PATIENCE).until(() -> !listener.events.isEmpty());
        assertThat(listener.events.getFirst()).startsWith("gate lapsed: the keeper stood still");
        assertThat(openElements()).isZero();
        assertThat(client.state().gate()).isEqualTo(new KeeperState.Gate.Shut());
    }

    @Test
    void shouldLetTheVirtualAddressGoWhileItStandsStillAndNotBringItBack() throws Exception {
        var listener = new RecordingListener();
        var keeper = keeper("a", one, RunningKeeper.IDLE_DAEMON);
        var client = attach(keeper, listener);
        client.configureSupervision(PATIENT);
        client.configureGate(GATE);
        client.holdAddress(new VirtualAddress("eth0", VIP, 24));
        client.openGate(System.nanoTime() + 60_000_000_000L);
        // Longer than a lifetime: it is renewed.
        await().during(KeeperClient.ADDRESS_LIFETIME.plusSeconds(2))
                .atMost(PATIENCE)
                .until(() -> hasAddress());

        RunningKeeper.signal("STOP", keeper.pid());
        await().atMost(KeeperClient.ADDRESS_LIFETIME.plusSeconds(2)).until(() -> !hasAddress());
        RunningKeeper.signal("CONT", keeper.pid());

        await().atMost(PATIENCE).until(() -> !listener.events.isEmpty());
        assertThat(listener.events.getFirst()).startsWith("gate lapsed");
        assertThat(hasAddress()).isFalse();
        client.openGate(System.nanoTime() + 60_000_000_000L);
        assertThat(hasAddress()).as("back with the permission").isTrue();
        client.standDown("test");
        assertThat(hasAddress()).isFalse();
    }

    @Test
    void shouldInstallItsRulesAnewWhenAReloadOfTheFirewallRemovedThem() throws Exception {
        var client = attach(keeper("a", one, RunningKeeper.IDLE_DAEMON), new RecordingListener());
        client.configureGate(GATE);
        client.openGate(System.nanoTime() + 60_000_000_000L);

        TestNetwork.exec(one, "nft", "flush", "ruleset");

        // From Linux 6.9 on they were never gone.
        await().atMost(PATIENCE).until(() -> openElements() > 0);
        client.closeGate();
        assertThat(TestNetwork.exec(one, "nft", "list", "ruleset")).contains("chain eth0");
        assertThat(openElements()).isZero();
    }

    @Test
    void shouldTellTheServiceManagerHowItIsAndNotSoWhileItStandsStill() throws Exception {
        var name = directory + "/notify";
        try (var systemd = new NotifySocket(name)) {
            var keeper =
                    RunningKeeper.start(
                            Files.createDirectories(directory.resolve("a")),
                            one,
                            List.of("/bin/sh", "-c", "echo socket=$NOTIFY_SOCKET.; sleep 1000"),
                            Map.of("NOTIFY_SOCKET", name, "WATCHDOG_USEC", "10000000"));
            toClose.add(keeper);
            keeper.awaitSocket();
            assertThat(systemd.heard()).doesNotContain("READY=1");
            attach(keeper, new RecordingListener());
            await().atMost(PATIENCE).until(() -> systemd.heard().contains("READY=1"));
            assertThat(keeper.log()).as("not for its children").contains("socket=.");

            await().atMost(PATIENCE).until(() -> systemd.heard().contains("WATCHDOG=1"));

            // One that stands still does not say that it works.
            RunningKeeper.signal("STOP", keeper.pid());
            await().pollDelay(Duration.ofMillis(100)).until(() -> true);
            systemd.heard();
            await().during(Duration.ofSeconds(2))
                    .atMost(PATIENCE)
                    .until(() -> systemd.heard().isEmpty());
            RunningKeeper.signal("CONT", keeper.pid());
            await().atMost(PATIENCE).until(() -> systemd.heard().contains("WATCHDOG=1"));

            RunningKeeper.signal("TERM", keeper.pid());
            await().atMost(PATIENCE).until(() -> systemd.heard().contains("STOPPING=1"));
        }
    }

    @Test
    void shouldGiveUpANodeWhoseDaemonEndsAgainAndAgain() throws Exception {
        var listener = new RecordingListener();
        var keeper = keeper("a", one, List.of("/bin/sh", "-c", "sleep 0.2; exit 1"));
        var client = attach(keeper, listener);
        client.configureGate(GATE);
        client.openGate(System.nanoTime() + 60_000_000_000L);
        client.spawn(sleeper("dhcpd"));
        // What keeps proving its progress here is not the daemon that ends.
        await().pollInterval(Duration.ofMillis(50))
                .atMost(PATIENCE)
                .until(() -> {
                    client.progress();
                    return keeper.log()
                            .contains("standing down: the daemon ended 6 times within 30 s");
                });

        await().atMost(PATIENCE).until(() -> !listener.exits.isEmpty());
        assertThat(openElements()).isZero();
        long started = starts(keeper);
        await().during(Duration.ofSeconds(2))
                .atMost(PATIENCE)
                .until(() -> starts(keeper) == started);
    }

    private static long starts(RunningKeeper keeper) {
        return keeper.log().lines().filter(line -> line.contains("started the daemon")).count();
    }

    @Test
    void shouldRefuseAWatchdogThatIsNone() throws Exception {
        var client = attach(keeper("a", one, RunningKeeper.IDLE_DAEMON), new RecordingListener());
        var file = Files.createFile(directory.resolve("no-watchdog"));

        assertThatThrownBy(() ->
                        client.configureWatchdog(Optional.of(new WatchdogConfiguration(file, 10))))
                .isInstanceOf(KeeperRefusedException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("ENOTTY");
        client.configureWatchdog(Optional.empty());
    }

    private boolean hasAddress() throws IOException {
        return TestNetwork.ip(one, "addr show eth0").contains("192.0.2.10/");
    }

    @Test
    void shouldGuardAnInterfaceThatWasReplaced() throws Exception {
        var listener = new RecordingListener();
        var client = attach(keeper("a", one, RunningKeeper.IDLE_DAEMON), listener);
        client.configureGate(GATE);
        client.openGate(System.nanoTime() + 60_000_000_000L);

        TestNetwork.ip(one, "link del eth0");
        await().atMost(PATIENCE)
                .until(() -> listener.interfaces.stream().anyMatch(c -> !c.present()));
        network.veth(one, "eth0", two, "eth0");

        await().atMost(PATIENCE).until(() -> !listener.events.isEmpty());
        assertThat(listener.events).containsExactly("gate lapsed: interface eth0 was replaced");
        assertThat(TestNetwork.exec(one, "nft", "list", "ruleset"))
                .contains("hook egress device \"eth0\"");
        assertThat(openElements()).isZero();
    }

    private long openElements() throws IOException {
        return TestNetwork.exec(one, "nft", "list", "ruleset")
                .lines()
                .filter(line -> line.contains("elements ="))
                .filter(line -> !line.contains(TICKET))
                .count();
    }

    private RunningKeeper keeper(String name, String namespace, List<String> daemon)
            throws IOException {
        var keeper =
                RunningKeeper.start(
                        Files.createDirectories(directory.resolve(name)), namespace, daemon);
        toClose.add(keeper);
        return keeper;
    }

    private KeeperClient attach(RunningKeeper keeper, KeeperListener listener) throws IOException {
        var client = keeper.attach(listener);
        toClose.add(client);
        return client;
    }

    private ProcessSpec sleeper(String name) {
        return new ProcessSpec(
                name, RunningKeeper.IDLE_DAEMON, Map.of(), directory.resolve(name + ".log"), false);
    }

    private static LinkConfiguration links(String node, String peer, String own, String other) {
        return new LinkConfiguration(
                "lab",
                node,
                peer,
                new byte[32],
                Duration.ofMillis(50),
                List.of(
                        new LinkSpec(
                                "lan",
                                "eth0",
                                Inet4Address.ofLiteral("192.0.2." + own),
                                Inet4Address.ofLiteral("192.0.2." + other),
                                5405),
                        new LinkSpec(
                                "crossover",
                                "xover",
                                Inet4Address.ofLiteral("198.51.100." + own),
                                Inet4Address.ofLiteral("198.51.100." + other),
                                5405)));
    }
}
