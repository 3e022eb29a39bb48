package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;

/**
 * The clients of a lab. They remember their leases in a file, so that a later command, in another
 * process, goes on with them.
 *
 * <p>One operation at a time.
 */
public final class Clients {
    /** Questions under way at once; dhcpd answers one after the other anyway. */
    private static final int WINDOW = 64;

    /** The clients behind the relay: one in ten, but not more than fit well into their pool. */
    private static final int BRANCH_SHARE = 10;

    private static final int BRANCH_CLIENTS_MAX = 200;

    /** Answers that come after the last one is settled: a second server would be heard here. */
    private static final Duration LISTEN_AFTERWARDS = Duration.ofMillis(50);

    private static final long POLL_NANOS_MAX = 20_000_000L;

    private final LabNetwork network;
    private final ClientFile file;

    public Clients(LabNetwork network, Path file) {
        this.network = network;
        this.file = new ClientFile(file);
    }

    /** What the clients believe at the moment. */
    public List<HeldLease> leases() throws IOException {
        return file.read();
    }

    /** Replaces what the clients believe; for leases that were given in another way. */
    public void remember(Collection<HeldLease> leases) throws IOException {
        file.write(leases);
    }

    /** Makes sure that {@code count} clients hold leases: those that do not obtain one. */
    public AcquireSummary acquire(int count) throws IOException, InterruptedException {
        var held = byStation(file.read());
        var exchanges = new ArrayList<Exchange>();
        var transactions = transactions();
        int branch = Math.min(count / BRANCH_SHARE, BRANCH_CLIENTS_MAX);
        for (int i = 0; i < count; i++) {
            var station =
                    i < branch
                            ? new Station(Station.Subnet.BRANCH, i)
                            : new Station(Station.Subnet.LAN, i - branch);
            var lease = held.get(station);
            if (lease == null || lease.stateAt(Instant.now()) == RenewalState.INIT_REBOOT) {
                exchanges.add(Exchange.init(station, transactions.next()));
            }
        }
        long millis = run(exchanges, held.values());
        exchanges.forEach(exchange -> update(held, exchange));
        file.write(held.values());
        return new AcquireSummary(
                held.size(),
                count(exchanges, exchange -> exchange.acknowledged().isPresent()),
                count(exchanges, exchange -> exchange.acknowledged().isEmpty()),
                count(exchanges, Exchange::wasRefused),
                duplicateAddresses(held.values()),
                count(exchanges, Exchange::wasAnsweredTwice),
                millis);
    }

    /**
     * Every client asks for its lease again.
     *
     * @param state how; if empty, as the age of its lease demands
     */
    public RenewSummary renew(Optional<RenewalState> state)
            throws IOException, InterruptedException {
        var held = byStation(file.read());
        var exchanges = new ArrayList<Exchange>();
        var transactions = transactions();
        var now = Instant.now();
        for (var lease : held.values()) {
            exchanges.add(
                    Exchange.again(
                            lease, transactions.next(), state.orElseGet(() -> lease.stateAt(now))));
        }
        long millis = run(exchanges, held.values());
        var before = Map.copyOf(held);
        exchanges.forEach(exchange -> update(held, exchange));
        file.write(held.values());
        return new RenewSummary(
                exchanges.size(),
                count(exchanges, Exchange::keptItsAddress),
                count(exchanges, Exchange::wasRefused),
                count(exchanges, exchange -> movedAway(before, exchange)),
                count(exchanges, exchange -> exchange.acknowledged().isEmpty()),
                duplicateAddresses(held.values()),
                count(exchanges, Exchange::wasAnsweredTwice),
                count(
                        exchanges,
                        exchange ->
                                exchange.acknowledged()
                                        .filter(lease -> !lease.server().equals(Addresses.VIP))
                                        .isPresent()),
                millis);
    }

    /** Begins to ask every 20 ms, to see how long nobody answers. Needs clients with leases. */
    public OutageProbe probe() throws IOException, InterruptedException {
        return OutageProbe.start(network, file);
    }

    /** Addresses that more than one client holds. */
    public static int duplicateAddresses(Collection<HeldLease> leases) {
        var seen = new HashSet<String>();
        var twice = new HashSet<String>();
        for (var lease : leases) {
            if (!seen.add(lease.address())) {
                twice.add(lease.address());
            }
        }
        return twice.size();
    }

    private long run(List<Exchange> exchanges, Collection<HeldLease> held)
            throws IOException, InterruptedException {
        var byTransaction = new HashMap<Integer, Exchange>();
        exchanges.forEach(exchange -> byTransaction.put(exchange.transaction(), exchange));
        try (var wire = Wire.open(network)) {
            wire.settle(held);
            long startNanos = System.nanoTime();
            converse(wire, new ArrayDeque<>(exchanges), byTransaction);
            return (System.nanoTime() - startNanos) / 1_000_000;
        }
    }

    private static void converse(
            Wire wire, Queue<Exchange> waiting, Map<Integer, Exchange> byTransaction)
            throws IOException, InterruptedException {
        var active = new ArrayList<Exchange>(WINDOW);
        Segment.ReplyHandler handler = (segment, reply) -> deliver(byTransaction, segment, reply);
        while (!active.isEmpty() || !waiting.isEmpty()) {
            active.removeIf(Exchange::isOver);
            long now = System.nanoTime();
            while (active.size() < WINDOW && !waiting.isEmpty()) {
                var next = waiting.remove();
                next.start(now);
                active.add(next);
            }
            long wake = now + POLL_NANOS_MAX;
            for (var exchange : active) {
                var question = exchange.due(now);
                if (question.isPresent()) {
                    wire.of(exchange.station()).send(question.get());
                }
                wake = Math.min(wake, exchange.nextSendNanos());
            }
            wire.await(wake - System.nanoTime());
            wire.drain(handler);
            if (Thread.interrupted()) {
                throw new InterruptedException("clients were interrupted");
            }
        }
        long end = System.nanoTime() + LISTEN_AFTERWARDS.toNanos();
        while (System.nanoTime() < end) {
            wire.await(end - System.nanoTime());
            wire.drain(handler);
        }
    }

    private static void deliver(
            Map<Integer, Exchange> byTransaction, Segment segment, Reply reply) {
        var exchange = byTransaction.get(reply.transaction());
        if (exchange == null || exchange.station().hardwareAddress() != reply.hardware()) {
            return;
        }
        exchange.heard(reply, System.nanoTime(), Instant.now());
        exchange.acknowledged()
                .ifPresent(lease -> segment.own(lease.addressBits(), exchange.station()));
    }

    private static void update(Map<Station, HeldLease> held, Exchange exchange) {
        exchange.held()
                .ifPresentOrElse(
                        lease -> held.put(exchange.station(), lease),
                        () -> held.remove(exchange.station()));
    }

    private static boolean movedAway(Map<Station, HeldLease> before, Exchange exchange) {
        var old = before.get(exchange.station());
        return old != null
                && exchange.acknowledged()
                        .filter(lease -> !lease.address().equals(old.address()))
                        .isPresent();
    }

    private static Map<Station, HeldLease> byStation(List<HeldLease> leases) {
        var map = new LinkedHashMap<Station, HeldLease>();
        leases.forEach(lease -> map.put(lease.station(), lease));
        return map;
    }

    private static int count(
            List<Exchange> exchanges, java.util.function.Predicate<Exchange> condition) {
        return (int) exchanges.stream().filter(condition).count();
    }

    /**
     * Transaction ids that no earlier run used, so that its late answers are not taken for ours.
     */
    private static Transactions transactions() {
        return new Transactions(new SplittableRandom().nextInt());
    }

    private static final class Transactions {
        private int last;

        Transactions(int start) {
            last = start;
        }

        int next() {
            return ++last;
        }
    }
}
