package io.leasehold.blockrep;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.wire.Greeting;
import io.leasehold.blockrep.wire.ProtocolVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A pair that is upgraded box by box: one side speaks the version before the newest and nothing
 * else, first the one that dials, then the one that is dialled. Needs root.
 */
class PreviousVersionIT {
    private static final Greeting PREVIOUS =
            new Greeting(
                    ProtocolVersion.newest().number() - 1, ProtocolVersion.newest().number() - 1);

    @TempDir private Path directory;

    @SuppressWarnings("NullAway.Init") // by start, which every test begins with
    private VolumePair pair;

    record Upgrade(String which, Greeting versionsA, Greeting versionsB) {
        @Override
        public String toString() {
            return which;
        }
    }

    static List<Upgrade> upgrades() {
        return List.of(
                new Upgrade("only b is new", PREVIOUS, Greeting.ours()),
                new Upgrade("only a is new", Greeting.ours(), PREVIOUS));
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private void start(Upgrade upgrade) throws Exception {
        pair = new VolumePair(directory, upgrade.versionsA(), upgrade.versionsB());
        pair.start();
        assertSpeaksThePrevious();
    }

    private void assertSpeaksThePrevious() {
        for (var side : List.of(pair.a, pair.b)) {
            assertThat(side.volume().spokenVersion().map(ProtocolVersion::number))
                    .contains(PREVIOUS.newest());
        }
    }

    private void run(VolumePair.Side side, long seed) throws Exception {
        new Workload(side.volume().fileSystem(), seed).run(300);
    }

    private void assertEqual(VolumePair.Side writer, VolumePair.Side other) throws Exception {
        pair.awaitApplied(writer, other);
        assertThat(writer.volume().copy.volume().digest())
                .isEqualTo(other.volume().copy.volume().digest());
    }

    @ParameterizedTest
    @MethodSource("upgrades")
    void shouldReplicateVerifyAndCarryMessages(Upgrade upgrade) throws Exception {
        start(upgrade);

        run(pair.a, 1);

        assertEqual(pair.a, pair.b);
        assertThat(pair.a.volume().verify(0, (_, _) -> {}).differences()).isEmpty();
        assertThat(pair.a.volume().sendToPeer(new byte[] {1})).isTrue();
        assertThat(pair.b.volume().sendToPeer(new byte[] {2})).isTrue();
        Awaitility.await().until(() -> pair.a.messages.size() == 1 && pair.b.messages.size() == 1);
    }

    @ParameterizedTest
    @MethodSource("upgrades")
    void shouldReplayWhatTheOtherMissed(Upgrade upgrade) throws Exception {
        start(upgrade);
        pair.closeB();
        run(pair.a, 2);

        pair.b.open();

        pair.awaitInSync(pair.a);
        assertSpeaksThePrevious();
        assertEqual(pair.a, pair.b);
    }

    @ParameterizedTest
    @MethodSource("upgrades")
    void shouldCompareAndKeepABranch(Upgrade upgrade) throws Exception {
        start(upgrade);
        run(pair.a, 3);
        pair.awaitApplied(pair.a, pair.b);
        pair.closeBWithoutShrink();
        var files = pair.a.volume().fileSystem();
        var unused =
                files.create(
                        Workload.ROOT, FileId.ROOT, Workload.bytes("lost"), 0644, RequestId.NONE);
        files.flushLocally();
        pair.a.close();
        pair.b.open();
        assertThat(pair.b.promote(pair.nextEpoch(), Set.of(VolumePair.B)))
                .isInstanceOf(Promotion.Granted.class);
        run(pair.b, 4);

        pair.a.open();

        pair.awaitInSync(pair.b);
        assertSpeaksThePrevious();
        assertEqual(pair.b, pair.a);
        assertThat(pair.a.root().resolve("volume/branches")).isNotEmptyDirectory();
        assertThat(Files.exists(pair.a.root().resolve("volume/live/tree/lost"))).isFalse();
    }

    @ParameterizedTest
    @MethodSource("upgrades")
    void shouldHandOverAndBack(Upgrade upgrade) throws Exception {
        start(upgrade);
        for (int round = 0; round < 2; round++) {
            var from = round == 0 ? pair.a : pair.b;
            var to = round == 0 ? pair.b : pair.a;
            run(from, 5 + round);
            assertThat(from.volume().park(Duration.ofSeconds(5)))
                    .isInstanceOf(Drained.AllDurable.class);
            from.volume().demote();
            assertThat(to.promote(pair.nextEpoch(), Set.of(to.name)))
                    .isInstanceOf(Promotion.Granted.class);
            pair.awaitInSync(to);
            run(to, 7 + round);
            assertEqual(to, from);
        }
    }
}
