package io.leasehold.blockrep;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.replication.ReplicationState;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two copies live through what a pair lives through, in an order that a seed decides, while
 * somebody writes: crashes, takeovers, the return of a writer with a tail that nobody has, lost
 * sessions. After each event both copies must become equal byte for byte, and have every record
 * that was acknowledged.
 *
 * <p>{@code -Dreplica.seed=N} does it again; {@code -Dreplica.seconds=N} goes on for longer, with
 * one seed after the other.
 */
class ReplicaLivesIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int EVENTS_OF_A_LIFE = 8;

    @TempDir Path directory;

    @Test
    void shouldEndEqualWhateverHappensWhileSomebodyWrites() throws Exception {
        long fixed = Long.getLong("replica.seed", 0);
        long seed = fixed != 0 ? fixed : new Random().nextLong(1, 1_000_000_000);
        long end =
                System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.getLong("replica.seconds", 10));
        do {
            var life = new Life(directory.resolve("seed-" + seed), seed);
            try (var pair = life.pair) {
                pair.start();
                life.live(fixed != 0 ? System.nanoTime() + LIMIT.toNanos() * 5 : end);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(
                        "-Dreplica.seed=%d, after %s".formatted(seed, life.events), e);
            }
            System.out.printf("seed %d: %s%n", seed, life.events);
            seed++;
        } while (fixed == 0 && System.nanoTime() - end < 0);
    }

    /** The numbers of the records from an offset on. */
    static Set<Integer> recordsIn(byte[] leases, int from) {
        var text = new String(leases, from, leases.length - from, StandardCharsets.US_ASCII);
        var records = new TreeSet<Integer>();
        text.lines().forEach(line -> records.add(Integer.valueOf(line.strip())));
        return records;
    }

    private enum Event {
        SECONDARY_RESTARTS,
        SECONDARY_CRASHES,
        WRITER_CRASHES,
        WRITER_IS_OVERTAKEN,
        HAND_OVER,
        SESSION_ENDS
    }

    private static final List<Event> EVENTS = List.of(Event.values());

    private static final class Life {
        private final Random random;
        private final long seed;
        private final Set<Integer> acknowledged = ConcurrentHashMap.newKeySet();
        final List<Event> events = new ArrayList<>();
        final VolumePair pair;
        private VolumePair.Side writer;
        private VolumePair.Side other;
        private Optional<LeaseLoad> load = Optional.empty();
        private int loads;
        private volatile boolean over;

        Life(Path directory, long seed) throws Exception {
            this.seed = seed;
            this.random = new Random(seed);
            Files.createDirectories(directory);
            pair = new VolumePair(directory, Duration.ofSeconds(10));
            // A small ring, so that a copy that was away is not always replayed to.
            pair.a.segments = 4;
            pair.b.segments = 4;
            writer = pair.a;
            other = pair.b;
        }

        void live(long endNanos) throws Exception {
            var announcing = Thread.ofPlatform().daemon().name("announcing").start(this::announce);
            try {
                for (int i = 0; i < EVENTS_OF_A_LIFE && System.nanoTime() - endNanos < 0; i++) {
                    var event = EVENTS.get(random.nextInt(EVENTS.size()));
                    events.add(event);
                    beginLoad();
                    pause();
                    happen(event);
                    pause();
                    endLoad();
                    assertEqual();
                }
            } finally {
                over = true;
                announcing.join();
            }
        }

        /** Each says what it is at any moment: when it promises an epoch, or is demoted. */
        private void announce() {
            var own = new Random(seed);
            while (!over) {
                LockSupport.parkNanos(own.nextInt(200_000_000));
                for (int times = own.nextInt(6); times > 0; times--) {
                    var side = own.nextBoolean() ? pair.a : pair.b;
                    side.ifOpen(volume -> volume.conversation.announceStanding());
                    LockSupport.parkNanos(own.nextInt(5_000_000));
                }
            }
        }

        private void happen(Event event) throws Exception {
            switch (event) {
                case SECONDARY_RESTARTS -> {
                    other.close();
                    pause();
                    other.open();
                }
                case SECONDARY_CRASHES -> {
                    other.crash();
                    pause();
                    other.open();
                }
                case WRITER_CRASHES -> {
                    writer.crash();
                    load = Optional.empty();
                    var epoch = pair.takeOver(other);
                    if (epoch.isEmpty()) {
                        // Nobody but itself may go on (R20).
                        writer.open();
                        promote(writer, pair.nextEpoch());
                    } else {
                        promote(other, epoch.getAsLong());
                        exchangeRoles();
                        beginLoad();
                        pause();
                        other.open();
                    }
                }
                case WRITER_IS_OVERTAKEN -> {
                    endLoad();
                    // A tail that nobody waits for.
                    var files = writer.volume().fileSystem();
                    new Workload(files, random.nextLong()).append(random.nextInt(30));
                    var epoch = pair.takeOver(other);
                    if (epoch.isPresent()) {
                        promote(other, epoch.getAsLong());
                        writer.volume().demote();
                        exchangeRoles();
                    }
                }
                case HAND_OVER -> {
                    pair.awaitInSync(writer);
                    endLoad();
                    assertThat(writer.volume().park(LIMIT)).isInstanceOf(Drained.AllDurable.class);
                    writer.volume().demote();
                    promote(other, pair.takeOver(other).orElseThrow());
                    exchangeRoles();
                }
                case SESSION_ENDS -> writer.volume().endSession("by the test");
            }
        }

        private void promote(VolumePair.Side side, long epoch) throws Exception {
            assertThat(side.promote(epoch, Set.of(side.name)))
                    .isInstanceOf(Promotion.Granted.class);
        }

        private void exchangeRoles() {
            var before = writer;
            writer = other;
            other = before;
        }

        private void beginLoad() {
            if (load.isEmpty()) {
                loads++;
                load =
                        Optional.of(
                                new LeaseLoad(
                                        writer.volume().fileSystem(),
                                        random.nextLong(),
                                        acknowledged,
                                        loads * 1_000_000));
            }
        }

        private void endLoad() throws InterruptedException {
            if (load.isPresent()) {
                assertThat(load.get().stop()).as("the load ends").isTrue();
                assertThat(load.get().failure()).isEmpty();
                load = Optional.empty();
            }
        }

        private void pause() {
            LockSupport.parkNanos(random.nextInt(150_000_000));
        }

        private void assertEqual() throws Exception {
            Awaitility.await("both in sync after " + events)
                    .atMost(LIMIT)
                    .pollInterval(Duration.ofMillis(5))
                    .until(() ->
                            writer.volume().facts().replication() == ReplicationState.ESTABLISHED);
            // What the load did last nobody waited for: the writer's backing files may lag.
            writer.volume().fileSystem().flushLocally();
            pair.awaitApplied(writer, other);
            var digest = writer.volume().copy.volume().digest();
            assertThat(other.volume().copy.volume().digest()).isEqualTo(digest);
            for (var side : List.of(writer, other)) {
                var leases = Files.readAllBytes(side.root().resolve("volume/tree/dhcpd.leases"));
                assertThat(recordsIn(leases, 0))
                        .as("records on %s", side.name)
                        .containsAll(acknowledged);
                assertThat(side.divergences).as("%s reports", side.name).isEmpty();
                assertThat(side.diskFailures)
                        .as("%s reports", side.name)
                        .allMatch(reason -> reason.startsWith("crash: "));
            }
        }
    }
}
