package io.leasehold.itests.simulator;

import io.leasehold.blockrep.wire.Frame.Envelope;
import io.leasehold.heartbeat.controller.Announcement;
import io.leasehold.heartbeat.membership.LinkName;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What connects the boxes: a crossover cable for beats and replication, and the LAN for beats. Each
 * direction of each can be cut; beats can be lost, late, doubled and overtake each other; a
 * connection keeps its order and loses nothing, it is only late, or stands still.
 */
final class Network {
    static final LinkName CROSSOVER = new LinkName("crossover");
    static final LinkName LAN = new LinkName("lan");
    static final List<LinkName> LINKS = List.of(CROSSOVER, LAN);

    private static final long LATENCY_NANOS = 200_000;
    private static final long CARRIER_NANOS = 2_000_000;

    /** Linux sends again after 200 ms at the least. */
    private static final long RETRANSMISSION_NANOS = 200_000_000;

    private final World world;
    private final boolean[][] cut = new boolean[LINKS.size()][2];
    private boolean cablePulled;
    private double loss;
    private double duplicates;
    private double strays;
    private final List<Connection> connections = new ArrayList<>();

    Network(World world) {
        this.world = world;
    }

    // ---- faults ----

    /** Nothing that {@code from} sends arrives; the other direction is as it was. */
    void cut(int link, int from) {
        cut[link][from] = true;
        world.duel().uneven();
        world.ensemble().ifPresent(Ensemble::changed);
    }

    /**
     * Both directions; a cable that is pulled is noticed by its carrier, a switch that fails is
     * not.
     */
    void cut(int link, boolean carrierTells) {
        cut[link][0] = true;
        cut[link][1] = true;
        if (link == 0 && carrierTells) {
            cablePulled = true;
            carriersChanged();
        }
        world.ensemble().ifPresent(Ensemble::changed);
    }

    void heal(int link) {
        if (!isEven()) {
            world.duel().uneven();
        }
        cut[link][0] = false;
        cut[link][1] = false;
        if (link == 0) {
            cablePulled = false;
            carriersChanged();
            connections.forEach(Connection::flowOn);
        }
        world.ensemble().ifPresent(Ensemble::changed);
    }

    /** Whether what {@code from} sends over that link arrives. */
    boolean passes(LinkName link, int from) {
        return !cut[LINKS.indexOf(link)][from];
    }

    void healAll() {
        heal(0);
        heal(1);
        weather(0, 0, 0);
    }

    /** Whether either hears the other one as well, or as little, as is heard by it. */
    boolean isEven() {
        return cut[0][0] == cut[0][1] && cut[1][0] == cut[1][1] && loss == 0;
    }

    boolean isWhole() {
        return !cut[0][0] && !cut[0][1] && !cut[1][0] && !cut[1][1] && loss == 0;
    }

    /**
     * How packets fare, as probabilities. What a connection loses is sent again, and what is behind
     * it waits.
     *
     * @param lost of each beat
     * @param doubled of each beat
     * @param late of each beat: it is overtaken by several later ones; of each segment of a
     *     connection, whose order holds
     */
    void weather(double lost, double doubled, double late) {
        world.duel().uneven();
        loss = lost;
        duplicates = doubled;
        strays = late;
    }

    // ---- carrier ----

    boolean carrier() {
        return !cablePulled && world.machine(0).isPowered() && world.machine(1).isPowered();
    }

    /** The power of a machine, or the cable, changed. */
    void carriersChanged() {
        for (var machine : world.machines()) {
            world.agenda()
                    .after(world.chance().about(CARRIER_NANOS), () -> machine.carrierIs(carrier()));
        }
    }

    // ---- beats ----

    /** One beat on every link. */
    void beat(Machine from, Announcement announcement, long number, long progressAgeNanos) {
        for (int link = 0; link < LINKS.size(); link++) {
            if (cut[link][from.index()] || world.chance().happens(loss)) {
                continue;
            }
            deliver(link, from, announcement, number, progressAgeNanos);
            if (world.chance().happens(duplicates)) {
                deliver(link, from, announcement, number, progressAgeNanos);
            }
        }
    }

    private void deliver(
            int link, Machine from, Announcement announcement, long number, long ageNanos) {
        var boot = from.bootId();
        long late = world.chance().happens(strays) ? RETRANSMISSION_NANOS : LATENCY_NANOS;
        var to = from.other();
        world.agenda()
                .after(
                        world.chance().about(late),
                        () -> to.beatArrived(link, boot, announcement, number, ageNanos));
    }

    // ---- connections ----

    /** Whether a new connection could be made now. */
    boolean isReplicationUp() {
        return !cut[0][0] && !cut[0][1];
    }

    Connection connect(Replica.Session first, Replica.Session second) {
        var connection = new Connection(first, second);
        connections.removeIf(Connection::isOver);
        connections.add(connection);
        return connection;
    }

    /** One TCP connection over the crossover cable; end 0 is machine 0's. */
    final class Connection {
        private final Replica.Session[] ends;
        private final long[] lastArrivalNanos = new long[2];
        private final List<Deque<Runnable>> stalled =
                List.of(new ArrayDeque<>(), new ArrayDeque<>());
        private final boolean[] closed = new boolean[2];

        private Connection(Replica.Session first, Replica.Session second) {
            ends = new Replica.Session[] {first, second};
        }

        private boolean isOver() {
            return closed[0] && closed[1];
        }

        void send(int from, Envelope envelope) {
            if (!closed[from]) {
                flow(from, () -> ends[1 - from].arrived(envelope));
            }
        }

        /** This end is over; the other one learns it behind what was sent before. */
        void close(int from, String reason) {
            if (!closed[from]) {
                flow(from, () -> ends[1 - from].closedByPeer(reason));
                closed[from] = true;
            }
        }

        /** This end's machine is gone: nothing more is sent, not even a farewell. */
        void vanish(int from) {
            closed[from] = true;
            stalled.get(from).clear();
        }

        private void flow(int from, Runnable arrival) {
            if (cut[0][from] || !stalled.get(from).isEmpty()) {
                stalled.get(from).add(arrival);
                return;
            }
            // Acknowledged by nobody: a cut return path stalls the sender after a window's worth,
            // which is more than is ever under way here.
            long latency = world.chance().happens(strays) ? RETRANSMISSION_NANOS : LATENCY_NANOS;
            lastArrivalNanos[from] =
                    Math.max(
                            lastArrivalNanos[from] + 1,
                            world.agenda().nowNanos() + world.chance().about(latency));
            world.agenda().at(lastArrivalNanos[from], () -> arrive(from, arrival));
        }

        private void arrive(int from, Runnable arrival) {
            if (!closed[1 - from]) {
                arrival.run();
            }
        }

        private void flowOn() {
            for (int from = 0; from < 2; from++) {
                var waiting = List.copyOf(stalled.get(from));
                stalled.get(from).clear();
                for (var arrival : waiting) {
                    flow(from, arrival);
                }
            }
        }
    }
}
