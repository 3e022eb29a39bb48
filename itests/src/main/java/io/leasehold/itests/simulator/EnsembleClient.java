package io.leasehold.itests.simulator;

import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import java.util.ArrayList;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * One daemon's connection with the ensemble, as {@code heartbeat.zookeeper.Ensemble} keeps it:
 * another member when one is silent, another session when one has expired, and no request twice.
 *
 * <pre>
 *   away --a member that serves and is not older than what this session saw--> connected
 *   connected --member sends us away, is silent, session expires--> away: what was asked is unknown
 * </pre>
 */
final class EnsembleClient {
    private static final long PATIENCE_NANOS = 400_000_000;
    private static final long CONNECT_NANOS = 10_000_000;
    private static final long RETRY_NANOS = 120_000_000;

    private final World world;
    private final Ensemble ensemble;
    private final DaemonProcess process;
    private final int box;
    private final Consumer<EnsembleEvent> listener;
    private OptionalInt member = OptionalInt.empty();

    /** Grows with each connection: an answer to an older one is never heard. */
    private long connections;

    /** A session never sees an older state than it has seen; a new one may. */
    private long seenPlace;

    private OptionalLong asked = OptionalLong.empty();
    private boolean breakPlanned;

    EnsembleClient(
            World world,
            Ensemble ensemble,
            DaemonProcess process,
            int box,
            Consumer<EnsembleEvent> listener) {
        this.world = world;
        this.ensemble = ensemble;
        this.process = process;
        this.box = box;
        this.listener = listener;
        ensemble.join(this);
        connectLater(CONNECT_NANOS);
    }

    int box() {
        return box;
    }

    void ask(EnsembleRequest request) {
        if (member.isEmpty()) {
            listener.accept(new EnsembleEvent.Unknown(request.number(), "no connection"));
            return;
        }
        asked = OptionalLong.of(request.number());
        ensemble.ask(this, connections, member.getAsInt(), request);
    }

    void answered(long connection, long place, EnsembleEvent answer) {
        if (connection == connections && member.isPresent() && process.isAlive()) {
            seenPlace = Math.max(seenPlace, place);
            asked = OptionalLong.empty();
            listener.accept(answer);
        }
    }

    /** Something changed: maybe nobody is at the other end any more. */
    void look() {
        if (!process.isAlive()) {
            ensemble.leave(this);
        } else if (member.isPresent() && !isHeard() && !breakPlanned) {
            breakPlanned = true;
            process.after(
                    world.chance().about(PATIENCE_NANOS),
                    () -> {
                        breakPlanned = false;
                        if (member.isPresent() && !isHeard()) {
                            breakOff("the connection is suspended", world.chance().happens(0.5));
                        }
                    });
        }
    }

    private boolean isHeard() {
        return ensemble.reaches(box, member.getAsInt()) && ensemble.serves(member.getAsInt());
    }

    /** A member without a quorum sends its clients away; one whose machine is gone does not. */
    void memberLeft(int left) {
        if (member.isPresent() && member.getAsInt() == left && ensemble.reaches(box, left)) {
            breakOff("the member has no quorum", false);
        }
    }

    /** The member's process is gone, and its machine says so. */
    void reset(int gone) {
        if (member.isPresent() && member.getAsInt() == gone) {
            breakOff("connection reset", false);
        }
    }

    void expire() {
        if (member.isPresent()) {
            breakOff("the session has expired", true);
        }
    }

    private void breakOff(String reason, boolean newSession) {
        if (!process.isAlive()) {
            return;
        }
        member = OptionalInt.empty();
        connections++;
        if (newSession) {
            seenPlace = 0;
        }
        var open = asked;
        asked = OptionalLong.empty();
        open.ifPresent(number -> listener.accept(new EnsembleEvent.Unknown(number, reason)));
        listener.accept(new EnsembleEvent.Suspended(reason));
        connectLater(CONNECT_NANOS);
    }

    private void connectLater(long nanos) {
        process.after(world.chance().about(nanos), this::connect);
    }

    private void connect() {
        var candidates = new ArrayList<Integer>();
        for (int index = 0; index < Ensemble.MEMBERS; index++) {
            if (ensemble.reaches(box, index)
                    && ensemble.serves(index)
                    && ensemble.appliedPlace(index) >= seenPlace) {
                candidates.add(index);
            }
        }
        if (candidates.isEmpty()) {
            connectLater(RETRY_NANOS);
            return;
        }
        member = OptionalInt.of(world.chance().oneOf(candidates));
        connections++;
        listener.accept(new EnsembleEvent.Connected());
    }
}
