package io.leasehold.dhcp.config;

import static io.leasehold.dhcp.config.Configurations.FACTS;
import static io.leasehold.dhcp.config.Configurations.GOOD;
import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.ConfigurationWatch.Outcome;
import io.leasehold.dhcp.lease.LeaseTable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a time of the test's own; dhcpd is replaced by a program that says yes. */
class ConfigurationWatchTest {

    private static final long SECOND = 1_000_000_000;

    @TempDir Path temporary;
    private final List<Outcome> outcomes = new ArrayList<>();
    private VolumeLayout volume;
    private Generations generations;
    private ConfigurationWatch watch;
    private long nowNanos;

    @BeforeEach
    void begin() throws IOException {
        volume = new VolumeLayout(Files.createDirectory(temporary.resolve("volume")));
        generations = new Generations(volume);
        Files.writeString(volume.configuration(), GOOD + "include \"x.conf\";\n");
        Files.writeString(volume.root().resolve("x.conf"), "");
        watch = newWatch();
        lookFor(3);
        outcomes.clear();
    }

    @AfterEach
    void end() {
        watch.close();
    }

    private ConfigurationWatch newWatch() {
        return newWatch(outcomes::add);
    }

    private ConfigurationWatch newWatch(ConfigurationWatch.Listener listener) {
        return new ConfigurationWatch(
                ConfigurationSource.mounted(volume),
                new ConfigurationCheck(
                        FACTS, new SyntaxCheck(Path.of("/bin/true"), temporary.resolve("run"))),
                generations,
                () -> LeaseTable.EMPTY,
                InstantSource.system(),
                listener);
    }

    private void lookFor(int seconds) throws IOException {
        for (int i = 0; i < seconds; i++) {
            nowNanos += SECOND;
            watch.look(nowNanos);
        }
    }

    private long generation() throws IOException {
        return generations.accepted().generation().orElseThrow().number();
    }

    @Test
    void shouldAcceptWhatItFindsFirst() throws IOException {
        assertThat(generation()).isEqualTo(1);
        lookFor(5);
        assertThat(outcomes).isEmpty();
    }

    @Test
    void shouldWaitUntilAnEditIsAtRest() throws IOException {
        for (int i = 0; i < 5; i++) {
            Files.writeString(volume.configuration(), GOOD + "# " + "x".repeat(i) + "\n");
            lookFor(1);
            assertThat(outcomes).isEmpty();
        }
        lookFor(1);
        assertThat(outcomes)
                .singleElement()
                .isInstanceOfSatisfying(
                        Outcome.Accepted.class,
                        accepted -> {
                            assertThat(accepted.generation().number()).isEqualTo(2);
                            assertThat(accepted.before().orElseThrow().number()).isEqualTo(1);
                        });
    }

    @Test
    void shouldNoticeAnEditOfAnIncludedFile() throws IOException {
        Files.writeString(volume.root().resolve("x.conf"), "# more\n");
        lookFor(2);
        assertThat(outcomes).hasOnlyElementsOfType(Outcome.Accepted.class).hasSize(1);
    }

    @Test
    void shouldNoticeAFileThatAnEditorReplaced() throws IOException {
        var next = volume.root().resolve(".dhcpd.conf.swp");
        Files.writeString(next, GOOD + "# replaced\n");
        Files.move(next, volume.configuration(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        lookFor(2);
        assertThat(outcomes).hasOnlyElementsOfType(Outcome.Accepted.class).hasSize(1);
    }

    @Test
    void shouldRefuseABadEditOnceAndKeepTheOldOneInForce() throws IOException {
        Files.writeString(volume.configuration(), GOOD + "dont-use-fsync true;\n");
        lookFor(5);

        assertThat(outcomes)
                .singleElement()
                .isInstanceOfSatisfying(
                        Outcome.Refused.class,
                        refused -> {
                            assertThat(refused.inForce().orElseThrow().number()).isEqualTo(1);
                            assertThat(refused.findings())
                                    .anySatisfy(finding ->
                                            assertThat(finding.place())
                                                    .hasToString(volume.configuration() + ":13:1"));
                        });
        assertThat(generation()).isEqualTo(1);

        // Asked by hand, it says it again.
        assertThat(watch.checkNow()).isInstanceOf(Outcome.Refused.class);
    }

    @Test
    void shouldSayThatABadEditIsUndone() throws IOException {
        var before = Files.readString(volume.configuration());
        Files.writeString(volume.configuration(), "nonsense {");
        lookFor(2);
        Files.writeString(volume.configuration(), before);
        lookFor(5);

        assertThat(outcomes).hasSize(2);
        assertThat(outcomes.getFirst()).isInstanceOf(Outcome.Refused.class);
        assertThat(outcomes.getLast())
                .isInstanceOfSatisfying(
                        Outcome.Undone.class,
                        undone -> assertThat(undone.inForce().number()).isEqualTo(1));
        assertThat(watch.checkNow()).isInstanceOf(Outcome.Unchanged.class);
        assertThat(outcomes).hasSize(2);
    }

    @Test
    void shouldRefuseWhenTheFileIsGone() throws IOException {
        Files.delete(volume.configuration());
        lookFor(5);

        assertThat(outcomes)
                .singleElement()
                .isInstanceOfSatisfying(
                        Outcome.Refused.class,
                        refused ->
                                assertThat(refused.findings().getFirst().check())
                                        .isEqualTo("configuration-missing"));
    }

    @Test
    void shouldApplyAnEditThatWasMadeWhileNobodyWatched() throws IOException {
        watch.close();
        Files.writeString(volume.configuration(), GOOD);
        watch = newWatch();
        lookFor(2);

        assertThat(outcomes).hasOnlyElementsOfType(Outcome.Accepted.class).hasSize(1);
    }

    /** As in a node: the listener waits for the restart, and that takes the generation back. */
    @Test
    void shouldLetAnotherThreadTakeBackWhatTheListenerWaitsFor() throws Exception {
        watch.close();
        var before = generations.accepted().generation().orElseThrow();
        var slot = new AtomicReference<ConfigurationWatch>();
        watch =
                newWatch(outcome -> {
                    outcomes.add(outcome);
                    if (outcome instanceof Outcome.Accepted(var failed, var _, var _)) {
                        CompletableFuture.supplyAsync(() -> takeBack(slot.get(), failed, before))
                                .orTimeout(20, TimeUnit.SECONDS)
                                .join();
                    }
                });
        slot.set(watch);
        Files.writeString(volume.configuration(), GOOD);

        assertThat(watch.checkNow()).isInstanceOf(Outcome.Accepted.class);
        assertThat(generation()).isEqualTo(3);
        assertThat(generations.accepted().generation().orElseThrow().text())
                .isEqualTo(before.text());
    }

    private static Generation takeBack(
            ConfigurationWatch watch, Generation failed, Generation before) {
        try {
            return watch.takeBack(failed, before);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldNotTryAGenerationAgainThatWasTakenBack() throws IOException {
        var before = generations.accepted().generation().orElseThrow();
        Files.writeString(volume.configuration(), GOOD);
        lookFor(2);
        var failed = ((Outcome.Accepted) outcomes.getFirst()).generation();

        assertThat(watch.takeBack(failed, before).number()).isEqualTo(3);
        Files.setLastModifiedTime(
                volume.configuration(), java.nio.file.attribute.FileTime.fromMillis(0));
        lookFor(5);

        assertThat(outcomes).hasSize(1);
        assertThat(generation()).isEqualTo(3);
    }
}
