package io.leasehold.heartbeat.address;

import io.leasehold.heartbeat.address.ArpFrame.Operation;
import java.io.IOException;
import java.net.Inet4Address;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells the neighbours that an address is now at this station.
 *
 * <p>Each burst broadcasts the announcement in both forms that are in use, request and reply (RFC
 * 5227 §3 asks for requests; some stacks learn from replies only), and then asks each named
 * neighbour for its own address in the name of the announced one. A neighbour that answers has put
 * our pair into its table before (RFC 826, "Packet Reception": merge first, then reply), so its
 * answer to <i>our</i> link-layer address proves what it believes. Bursts are repeated with growing
 * pauses until all have answered, or the bound is reached.
 *
 * @param interfaceName where to announce
 * @param address what to announce
 * @param neighbours who has to know: gateways, relays, DNS servers; empty: all bursts are sent,
 *     nothing is proven
 * @param within the bound; zero sends one burst and waits for nobody
 */
public record GratuitousArp(
        String interfaceName, Inet4Address address, Set<Inet4Address> neighbours, Duration within) {
    private static final long FIRST_PAUSE_NANOS = 20_000_000;
    private static final long PAUSE_NANOS_MAX = 1_000_000_000;

    public GratuitousArp {
        neighbours = Set.copyOf(neighbours);
    }

    /**
     * How it went.
     *
     * @param bursts how many were sent
     * @param convinced neighbours that have our pair, and after how long
     * @param silent neighbours that did not answer
     * @param rivals other stations that claimed the address meanwhile
     */
    public record Outcome(
            int bursts,
            Map<Inet4Address, Duration> convinced,
            Set<Inet4Address> silent,
            Set<MacAddress> rivals) {}

    /** The same in one burst, which waits for nobody. */
    public GratuitousArp once() {
        return new GratuitousArp(interfaceName, address, neighbours, Duration.ZERO);
    }

    /** Sends the first burst before anything else, then goes on as described. Blocks its thread. */
    public Outcome announce() throws IOException {
        var options = new PacketSocketOptions(PacketSocketOptions.ETHER_TYPE_ARP);
        try (var socket = PacketSocket.open(interfaceName, options)) {
            return new Announcement(socket).run();
        }
    }

    /** One run of it. */
    private final class Announcement {
        private final PacketSocket socket;
        private final MacAddress own;
        private final long startedNanos = System.nanoTime();
        private final long endNanos = startedNanos + within.toNanos();
        private final Set<Inet4Address> silent = new HashSet<>(neighbours);
        private final Map<Inet4Address, Duration> convinced = new HashMap<>();
        private final Set<MacAddress> rivals = new HashSet<>();
        private int bursts;

        Announcement(PacketSocket socket) {
            this.socket = socket;
            this.own = socket.interfaceAddress();
        }

        Outcome run() throws IOException {
            long pauseNanos = FIRST_PAUSE_NANOS;
            do {
                sendBurst();
                listenUntil(Math.min(endNanos, System.nanoTime() + pauseNanos));
                pauseNanos = Math.min(2 * pauseNanos, PAUSE_NANOS_MAX);
            } while (!isDone() && System.nanoTime() - endNanos < 0);
            return new Outcome(
                    bursts, Map.copyOf(convinced), Set.copyOf(silent), Set.copyOf(rivals));
        }

        /** All are convinced, and there was somebody to convince. */
        private boolean isDone() {
            return silent.isEmpty() && !neighbours.isEmpty();
        }

        private void sendBurst() throws IOException {
            for (var operation : List.of(Operation.REQUEST, Operation.REPLY)) {
                var targetHardware = operation == Operation.REQUEST ? MacAddress.ZERO : own;
                socket.send(
                        new ArpFrame(operation, own, address, targetHardware, address)
                                .toFrame(MacAddress.BROADCAST));
            }
            for (var neighbour : silent) {
                socket.send(
                        new ArpFrame(Operation.REQUEST, own, address, MacAddress.ZERO, neighbour)
                                .toFrame(MacAddress.BROADCAST));
            }
            bursts++;
        }

        private void listenUntil(long untilNanos) throws IOException {
            while (!isDone()) {
                long remainingNanos = untilNanos - System.nanoTime();
                if (remainingNanos <= 0) {
                    return;
                }
                socket.receive(remainingNanos)
                        .flatMap(frame -> ArpFrame.parse(frame.bytes()))
                        .ifPresent(this::consider);
            }
        }

        private void consider(ArpFrame arp) {
            if (arp.sender().equals(address) && !arp.senderHardware().equals(own)) {
                rivals.add(arp.senderHardware());
            }
            boolean answersUs =
                    arp.operation() == Operation.REPLY
                            && arp.target().equals(address)
                            && arp.targetHardware().equals(own);
            if (answersUs && silent.remove(arp.sender())) {
                convinced.put(arp.sender(), Duration.ofNanos(System.nanoTime() - startedNanos));
            }
        }
    }
}
