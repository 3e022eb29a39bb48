package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNetwork;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Asks the service every 20 ms in three ways ({@link ProbeKind}) and notes when it is answered.
 *
 * <p>Bound clients learn that the VIP moved as real ones do, from a gratuitous ARP; one that missed
 * it asks again by ARP after {@link #STALE_NEIGHBOUR_NANOS}, much like the kernel's neighbour
 * table. Every acknowledgement that a client gets here is remembered, to be compared with the
 * servers' files.
 */
public final class OutageProbe implements AutoCloseable {
    static final long INTERVAL_NANOS = 20_000_000L;

    private static final int PROBES_MAX = 200_000; // of one kind: more than an hour
    private static final Duration READY_LIMIT = Duration.ofSeconds(10);
    private static final long STALE_NEIGHBOUR_NANOS = 5_000_000_000L;

    /** Fresh clients are taken in turn, so that their offers do not use the pool up. */
    private static final int FRESH_STATIONS = 500;

    /** So many last questions of each kind must have an answer among them for "recovered". */
    private static final int RECOVERED_TAIL = 10;

    private static final Duration OBSERVE_AFTERWARDS = Duration.ofSeconds(1);
    private static final int SEQUENCE_BITS = 24;

    private final Wire wire;
    private final ClientFile file;
    private final List<HeldLease> all;
    private final List<HeldLease> bound;
    private final Instant[] acknowledged;
    private final int salt;
    private final Map<ProbeKind, Series> series = new EnumMap<>(ProbeKind.class);
    private final Map<Integer, Long> answeringHardware = new HashMap<>();
    private final CountDownLatch ready = new CountDownLatch(1);
    private final Thread thread;
    private int duplicateServers;
    private long firstNanos;
    private volatile boolean stopping;
    private volatile boolean allRecovered;
    private volatile @Nullable Throwable failure;

    private OutageProbe(Wire wire, ClientFile file, List<HeldLease> all) {
        this.wire = wire;
        this.file = file;
        this.all = all;
        bound =
                all.stream()
                        .filter(lease -> lease.station().subnet() == Station.Subnet.LAN)
                        .toList();
        acknowledged = new Instant[bound.size()];
        salt = (int) System.nanoTime() & 0x3F;
        for (var kind : ProbeKind.values()) {
            series.put(kind, new Series());
        }
        thread =
                Thread.ofPlatform()
                        .name("outage-probe")
                        .priority(Thread.MAX_PRIORITY)
                        .unstarted(this::run);
    }

    /** Starts asking, and returns when each way of asking has been answered once. */
    static OutageProbe start(LabNetwork network, ClientFile file)
            throws IOException, InterruptedException {
        var leases = file.read();
        if (leases.stream().noneMatch(l -> l.station().subnet() == Station.Subnet.LAN)) {
            throw new CommandException(
                    "no client on the LAN has a lease yet; run `lab clients N` first");
        }
        var wire = Wire.open(network);
        wire.settle(leases);
        var probe = new OutageProbe(wire, file, leases);
        probe.thread.start();
        if (!probe.ready.await(READY_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
            var report = probe.finish(Duration.ZERO);
            throw new CommandException(
                    "the service does not answer, so there is no outage to measure:%n%s"
                            .formatted(report));
        }
        return probe;
    }

    /**
     * Goes on until the service has recovered, at most for {@code limit}, then reports. The
     * clients' memory is brought up to date.
     */
    public OutageReport finish(Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        // An outage that began just now does not show yet.
        Thread.sleep(limit.compareTo(OBSERVE_AFTERWARDS) < 0 ? limit : OBSERVE_AFTERWARDS);
        while (!allRecovered && System.nanoTime() < deadline) {
            LockSupport.parkNanos(INTERVAL_NANOS);
        }
        close();
        file.write(updatedLeases());
        var samples = new ArrayList<OutageReport.Sample>();
        var naks = new EnumMap<ProbeKind, Integer>(ProbeKind.class);
        series.forEach((kind, one) -> {
            naks.put(kind, one.naks);
            for (int i = 0; i < one.count; i++) {
                samples.add(
                        new OutageReport.Sample(
                                kind,
                                (one.sentNanos[i] - firstNanos) / 1000,
                                one.answeredNanos[i] == 0
                                        ? -1
                                        : (one.answeredNanos[i] - firstNanos) / 1000));
            }
        });
        return OutageReport.of(samples, naks, duplicateServers, RECOVERED_TAIL);
    }

    private List<HeldLease> updatedLeases() {
        var updated = new HashMap<Station, HeldLease>();
        for (int i = 0; i < acknowledged.length; i++) {
            var lease = bound.get(i);
            var at = acknowledged[i];
            if (at != null) {
                updated.put(
                        lease.station(),
                        new HeldLease(
                                lease.station(),
                                lease.address(),
                                lease.server(),
                                lease.leaseSeconds(),
                                at));
            }
        }
        return all.stream().map(lease -> updated.getOrDefault(lease.station(), lease)).toList();
    }

    @Override
    public void close() throws IOException {
        stopping = true;
        joinThread();
        var thrown = failure;
        if (thrown != null) {
            throw new IOException("the probe failed", thrown);
        }
    }

    /** Its thread ends within one interval; an interruption of ours must not leave it behind. */
    private void joinThread() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try (wire) {
            firstNanos = System.nanoTime();
            long next = firstNanos;
            long lastUnicastAnswer = firstNanos;
            while (!stopping) {
                long now = System.nanoTime();
                if (now >= next) {
                    next += INTERVAL_NANOS;
                    ask(now);
                    note();
                    var unicast = seriesOf(ProbeKind.UNICAST);
                    lastUnicastAnswer = Math.max(lastUnicastAnswer, unicast.lastAnswerNanos);
                    if (now - lastUnicastAnswer > STALE_NEIGHBOUR_NANOS) {
                        lastUnicastAnswer = now;
                        var asker = bound.getFirst();
                        wire.of(asker.station())
                                .resolveNextHop(asker.station(), asker.addressBits());
                    }
                }
                wire.await(next - System.nanoTime());
                wire.drain((_, reply) -> heard(reply));
            }
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
    }

    private void ask(long now) throws IOException {
        for (var kind : ProbeKind.values()) {
            var one = seriesOf(kind);
            if (one.count == PROBES_MAX) {
                continue;
            }
            int number = one.count++;
            one.sentNanos[number] = now;
            var question = question(kind, number);
            wire.of(question.station()).send(question);
        }
    }

    private Question question(ProbeKind kind, int number) {
        int transaction = transaction(kind, number);
        return switch (kind) {
            case DISCOVER ->
                    Question.discover(
                            new Station(
                                    Station.Subnet.LAN,
                                    Station.FIRST_PROBE_INDEX + number % FRESH_STATIONS),
                            transaction,
                            0);
            case UNICAST -> {
                var lease = bound.get(boundIndex(kind, number));
                yield Question.renew(
                        lease.station(),
                        transaction,
                        lease.addressBits(),
                        Addresses.parse(Addresses.VIP));
            }
            case BROADCAST -> {
                var lease = bound.get(boundIndex(kind, number));
                yield Question.rebind(lease.station(), transaction, lease.addressBits());
            }
        };
    }

    /** The two kinds of bound clients walk through the list half a round apart. */
    private int boundIndex(ProbeKind kind, int number) {
        int offset = kind == ProbeKind.BROADCAST ? bound.size() / 2 : 0;
        return (number + offset) % bound.size();
    }

    private int transaction(ProbeKind kind, int number) {
        return (salt << 2 | kind.code()) << SEQUENCE_BITS | number;
    }

    private void heard(Reply reply) {
        int number = reply.transaction() & (1 << SEQUENCE_BITS) - 1;
        for (var kind : ProbeKind.values()) {
            if (reply.transaction() == transaction(kind, number)) {
                heard(kind, number, reply);
            }
        }
    }

    private void heard(ProbeKind kind, int number, Reply reply) {
        var one = seriesOf(kind);
        if (number >= one.count) {
            return;
        }
        var first = answeringHardware.putIfAbsent(reply.transaction(), reply.sourceHardware());
        if (first != null && first != reply.sourceHardware()) {
            duplicateServers++;
        }
        if (reply.type() == MessageType.NAK) {
            one.naks++;
            return;
        }
        long now = System.nanoTime();
        if (one.answeredNanos[number] == 0) {
            one.answeredNanos[number] = now;
            one.lastAnswerNanos = now;
            one.newestAnswered = Math.max(one.newestAnswered, number);
        }
        if (reply.type() == MessageType.ACK) {
            acknowledged[boundIndex(kind, number)] = Instant.now();
        }
    }

    /**
     * Tells the waiting thread how things stand. Answers to old questions do not count: after an
     * outage the server works off those first that waited in its socket, and whoever stopped then
     * would find the last ones unanswered.
     */
    private void note() {
        boolean all = true;
        for (var one : series.values()) {
            // Half, because a few are asked between this and the end.
            all &= one.lastAnswerNanos > 0 && one.newestAnswered >= one.count - RECOVERED_TAIL / 2;
        }
        allRecovered = all;
        if (all) {
            ready.countDown();
        }
    }

    private Series seriesOf(ProbeKind kind) {
        var one = series.get(kind);
        if (one == null) {
            throw new IllegalStateException("no series of " + kind);
        }
        return one;
    }

    /** The questions of one kind; an entry of 0 is an answer that did not come. */
    private static final class Series {
        private final long[] sentNanos = new long[PROBES_MAX];
        private final long[] answeredNanos = new long[PROBES_MAX];
        private int count;
        private int naks;
        private long lastAnswerNanos;
        private int newestAnswered = -1;

        Series() {
            // Touched now, so that no page fault delays a question later.
            Arrays.fill(sentNanos, 0);
        }
    }
}
