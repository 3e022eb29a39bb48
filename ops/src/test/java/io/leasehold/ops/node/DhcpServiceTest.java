package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.ClusterFacts;
import io.leasehold.dhcp.config.ConfigurationCheck;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.config.SyntaxCheck;
import io.leasehold.dhcp.engine.DhcpdEngine;
import io.leasehold.dhcp.engine.DhcpdSettings;
import io.leasehold.dhcp.engine.ProcessHost;
import io.leasehold.dhcp.guard.GuardSettings;
import io.leasehold.dhcp.guard.PromotionGuard;
import io.leasehold.dhcp.lease.LeaseFollower;
import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.FlightRecorderOptions;
import io.leasehold.heartbeat.resource.Health;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a plain directory, with a server that only says that it is ready. */
class DhcpServiceTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Octets PROBE_ID = Octets.ofAscii("\0leasehold-probe");
    private static final String CONFIGURATION =
            """
            authoritative;
            server-identifier 198.18.0.1;
            local-address 198.18.0.1;
            default-lease-time 600;
            max-lease-time 600;
            subnet 198.18.0.0 netmask 255.255.255.0 {
              range 198.18.0.10 198.18.0.250;
            }
            host leasehold-probe {
              option dhcp-client-identifier "\\000leasehold-probe";
              fixed-address 198.18.0.2;
            }
            """;

    @TempDir private Path directory;

    private Optional<Duration> ahead = Optional.of(Duration.ZERO);
    private Optional<String> wrongAnswer = Optional.empty();
    private boolean othersAnswered;
    private DhcpService service;
    private OptionalLong lastPeerDelay = OptionalLong.empty();
    private final Obedient host = new Obedient();
    private FlightRecorder recorder;
    private DhcpdEngine engine;
    private ResourceShell guard;
    private ResourceShell server;
    private ResourceShell probe;

    /** Its processes do at once what they are told. */
    private static final class Obedient implements ProcessHost {
        private Optional<CompletableFuture<Exit>> exit = Optional.empty();
        private boolean installed = true;

        @Override
        public HostedProcess start(ProcessOrder order) throws IOException {
            if (!installed) {
                throw new IOException("no such file: " + order.command().getFirst());
            }
            // As dhcpd does at each start.
            Files.writeString(leases(order.command()), "authoring-byte-order little-endian;\n\n");
            Files.writeString(
                    order.log(),
                    "Server starting service.\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            exit = Optional.of(new CompletableFuture<>());
            return running(order.name()).orElseThrow();
        }

        private static Path leases(List<String> command) {
            return Path.of(command.get(command.indexOf("-lf") + 1));
        }

        @Override
        public Optional<HostedProcess> running(String name) {
            return exit.filter(ending -> !ending.isDone())
                    .map(ending -> new HostedProcess(name, Integer.MAX_VALUE, ending));
        }

        @Override
        public void signal(String name, Signal signal) {
            exit.ifPresent(ending -> ending.complete(new Exit.Signal(signal.number())));
        }
    }

    @BeforeEach
    void assemble() throws IOException {
        var volume = new VolumeLayout(Files.createDirectory(directory.resolve("volume")));
        Files.writeString(volume.configuration(), CONFIGURATION);
        var generations = new Generations(volume);
        var check =
                new ConfigurationCheck(
                        new ClusterFacts(
                                Ipv4Address.of("198.18.0.1"),
                                List.of(Ipv4Address.of("198.18.0.2")),
                                PROBE_ID),
                        new SyntaxCheck(Path.of("/bin/true"), directory.resolve("run")));
        engine =
                new DhcpdEngine(
                        DhcpdSettings.of(volume, List.of("lan0"), directory.resolve("dhcpd.log")),
                        host,
                        _ -> {},
                        System::nanoTime);
        recorder =
                FlightRecorder.start(
                        new FlightRecorderOptions(directory.resolve("history"), "dhcp1"),
                        InstantSource.system(),
                        System::nanoTime);
        service =
                new DhcpService(
                        new DhcpService.Parts(
                                volume,
                                volume,
                                generations,
                                check,
                                new PromotionGuard(
                                        GuardSettings.of(volume),
                                        check,
                                        generations,
                                        System::nanoTime),
                                engine,
                                new LeaseFollower(volume.leases()),
                                () -> ahead,
                                InstantSource.system(),
                                new Journalist(recorder),
                                new FixedProbe(),
                                () -> lastPeerDelay,
                                (_, _) -> Optional.of("nobody restarts it here"),
                                () -> {}));
        guard = service.guardResource();
        server = service.serverResource();
        probe = service.probeResource();
    }

    private final class FixedProbe implements DhcpService.ProbeRunner {
        @Override
        public Optional<DhcpService.Unanswered> ask(Duration limit) {
            return wrongAnswer.map(reason -> new DhcpService.Unanswered(reason, othersAnswered));
        }

        @Override
        public Optional<DhcpService.Unanswered> askIfDue(Duration limit) {
            return ask(limit);
        }
    }

    @AfterEach
    void end() throws Exception {
        server.stop(LIMIT);
        guard.stop(LIMIT);
        engine.close();
        recorder.close();
    }

    private void promote() throws Exception {
        guard.start(false, LIMIT);
        server.start(false, LIMIT);
    }

    /** For an edit, or after its death; the leases were written by this very clock. */
    @Test
    void shouldRestartBesideAPeerWhoseClockIsWrong() throws Exception {
        promote();
        ahead = Optional.of(Duration.ofHours(1));

        server.stop(LIMIT);
        server.start(false, LIMIT);

        assertThat(engine.adopt()).isPresent();
    }

    /** A fresh machine: the reason must stay the one that it is, and go when it is mended. */
    @Test
    void shouldServeOnceTheServerThatWasMissingIsInstalled() throws Exception {
        host.installed = false;
        assertThatThrownBy(this::promote).hasMessageContaining("isc-dhcp-server");
        assertThatThrownBy(() -> server.start(false, LIMIT))
                .hasMessageContaining("isc-dhcp-server");
        host.installed = true;

        server.start(false, LIMIT);

        assertThat(engine.adopt()).isPresent();
    }

    /** As when a whole site is switched on: its questions are lost among those of the others. */
    @Test
    void shouldLeaveAServerAloneThatAnswersOthersAndSaySo() throws Exception {
        promote();
        wrongAnswer = Optional.of("no answer");
        othersAnswered = true;

        assertThat(server.monitor(LIMIT)).isEqualTo(new Health.Good());
        probe.start(false, LIMIT);
        assertThat(service.alarms())
                .anyMatch(text -> text.startsWith("clients are answered, but the probe is not"));

        wrongAnswer = Optional.empty();
        assertThat(server.monitor(LIMIT)).isEqualTo(new Health.Good());
        assertThat(service.alarms()).noneMatch(text -> text.contains("probe"));
    }

    /** Whether that is its own fault is for the cluster manager to judge. */
    @Test
    void shouldTellWithASilenceWhenItsWritesWereHeldUp() throws Exception {
        promote();
        wrongAnswer = Optional.of("no answer");
        lastPeerDelay = OptionalLong.of(7);

        assertThat(server.monitor(LIMIT))
                .isEqualTo(new Health.Unanswered("no answer", lastPeerDelay));
    }

    /** The same of the first question, before the neighbours are told. */
    @Test
    void shouldTellASilenceAtItsStartFromAFailure() throws Exception {
        promote();
        wrongAnswer = Optional.of("no answer");

        assertThatThrownBy(() -> probe.start(false, LIMIT))
                .isInstanceOfSatisfying(
                        ResourceShell.ResourceException.class,
                        silence -> assertThat(silence.isUnanswered()).isTrue());
    }

    @Test
    void shouldTellOfItsDeathWhateverElseIsTheCase() throws Exception {
        promote();
        wrongAnswer = Optional.of("no answer");
        lastPeerDelay = OptionalLong.of(7);

        host.signal(DhcpdEngine.PROCESS, ProcessHost.Signal.KILL);

        assertThat(server.monitor(LIMIT)).isInstanceOf(Health.Failed.class);
    }

    @Test
    void shouldNotServeAfterAPromotionByAClockThatIsWrong() {
        ahead = Optional.of(Duration.ofHours(1));

        assertThatThrownBy(this::promote)
                .isInstanceOf(ResourceShell.ResourceException.class)
                .hasMessageContaining("clock");
    }
}
