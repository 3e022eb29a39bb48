package io.leasehold.dhcp.engine;

import static io.leasehold.dhcp.config.Configurations.FACTS;
import static io.leasehold.dhcp.config.Configurations.GOOD;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.ConfigurationCheck;
import io.leasehold.dhcp.config.ConfigurationSource;
import io.leasehold.dhcp.config.ConfigurationWatch;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.config.SyntaxCheck;
import io.leasehold.dhcp.lease.LeaseTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a time of the test's own, and a dhcpd that does what it is told to. */
class ConfigurationRolloutTest {
    /** Of virtual time, at each look at the clock. */
    private static final long STEP_NANOS = 1_000_000_000;

    private enum Behaviour {
        SERVES,
        SAYS_NOTHING,
        ENDS
    }

    @TempDir Path temporary;
    private final ToyHost host = new ToyHost();
    private Behaviour behaviour = Behaviour.SERVES;
    private OptionalLong heldUpNanos = OptionalLong.empty();
    private long nowNanos;
    private VolumeLayout volume;
    private Path log;
    private Generations generations;
    private DhcpdEngine engine;
    private ConfigurationWatch watch;
    private ConfigurationRollout rollout;

    /** One process at a time, which ends by any signal. */
    private final class ToyHost implements ProcessHost {
        private CompletableFuture<Exit> exit = CompletableFuture.completedFuture(new Exit.Code(0));

        @Override
        public HostedProcess start(ProcessOrder order) throws IOException {
            exit = new CompletableFuture<>();
            switch (behaviour) {
                case SERVES ->
                        Files.writeString(log, LogLine.READY + "\n", StandardOpenOption.APPEND);
                case SAYS_NOTHING -> {}
                case ENDS -> exit.complete(new Exit.Code(1));
            }
            return new HostedProcess(order.name(), 1, exit);
        }

        @Override
        public Optional<HostedProcess> running(String name) {
            return Optional.empty();
        }

        @Override
        public void signal(String name, Signal signal) {
            exit.complete(new Exit.Signal(signal.number()));
        }
    }

    @BeforeEach
    void begin() throws IOException {
        volume = new VolumeLayout(Files.createDirectory(temporary.resolve("volume")));
        Files.writeString(volume.configuration(), GOOD);
        log = Files.createFile(temporary.resolve("dhcpd.log"));
        generations = new Generations(volume);
        engine =
                new DhcpdEngine(
                        DhcpdSettings.of(volume, List.of("lan0"), log),
                        host,
                        _ -> {},
                        () -> nowNanos += STEP_NANOS,
                        Files.createDirectory(temporary.resolve("proc")));
        watch =
                new ConfigurationWatch(
                        ConfigurationSource.mounted(volume),
                        new ConfigurationCheck(
                                FACTS,
                                new SyntaxCheck(Path.of("/bin/true"), temporary.resolve("run"))),
                        generations,
                        () -> LeaseTable.EMPTY,
                        InstantSource.system(),
                        _ -> {});
        rollout = new ConfigurationRollout(engine, generations, () -> heldUpNanos, () -> nowNanos);
        accept(1);
        assertThat(rollout.start(watch)).isInstanceOf(ConfigurationRollout.Result.Applied.class);
        engine.stop();
        Files.writeString(volume.configuration(), "# edited\n" + GOOD);
        accept(2);
    }

    @AfterEach
    void end() throws IOException {
        watch.close();
        engine.stop();
        engine.close();
    }

    private void accept(long number) throws IOException {
        assertThat(watch.checkNow()).isInstanceOf(ConfigurationWatch.Outcome.Accepted.class);
        assertThat(inForce()).isEqualTo(number);
    }

    private long inForce() throws IOException {
        return generations.accepted().generation().orElseThrow().number();
    }

    /** R4: dhcpd writes its lease file anew first, and waits in that. */
    @Test
    void shouldNotBlameTheConfigurationForAStartThatTheVolumeHeldUp() throws IOException {
        behaviour = Behaviour.SAYS_NOTHING;
        heldUpNanos = OptionalLong.of(nowNanos + STEP_NANOS);

        assertThat(rollout.start(watch))
                .isInstanceOfSatisfying(
                        ConfigurationRollout.Result.Failed.class,
                        failed -> {
                            assertThat(failed.silent()).isTrue();
                            assertThat(failed.findings())
                                    .extracting(Finding::check)
                                    .containsExactly("dhcpd-start-slow");
                        });
        assertThat(inForce()).as("the edit is still what is wanted").isEqualTo(2);

        behaviour = Behaviour.SERVES;
        assertThat(rollout.start(watch)).isInstanceOf(ConfigurationRollout.Result.Applied.class);
        assertThat(inForce()).isEqualTo(2);
    }

    @Test
    void shouldBlameItIfTheVolumeHeldUpNothingSince() throws IOException {
        behaviour = Behaviour.SAYS_NOTHING;
        heldUpNanos = OptionalLong.of(nowNanos - STEP_NANOS);

        assertThat(rollout.start(watch)).isInstanceOf(ConfigurationRollout.Result.Failed.class);

        assertThat(inForce()).as("the text of before was tried, too").isEqualTo(3);
    }

    /** A dhcpd that says why it does not start has got as far as that. */
    @Test
    void shouldBlameItForAnEndOfDhcpdWhateverTheVolumeHeldUp() throws IOException {
        behaviour = Behaviour.ENDS;
        heldUpNanos = OptionalLong.of(nowNanos + STEP_NANOS);

        assertThat(rollout.start(watch))
                .isInstanceOfSatisfying(
                        ConfigurationRollout.Result.Failed.class,
                        failed -> assertThat(failed.silent()).isFalse());
        assertThat(inForce()).isEqualTo(3);
    }
}
