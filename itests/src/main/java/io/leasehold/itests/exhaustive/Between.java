package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.controller.Announcement;
import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.fencing.FenceRequestId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is outside of both boxes: what travels, the fence devices, the faults that are left, and
 * what clients were told.
 *
 * @param packets by receiver, of the one connection
 * @param mayConnect a quantum has passed since the connection was made or tried last
 * @param stalled nothing of the session arrives
 * @param silenced whose beats are lost
 * @param beatDue whose newest beat is under way
 * @param staleBeats by sender: what it said before what it says now
 * @param acknowledged in the one order
 * @param znode what the ensemble has
 * @param isolated who cannot reach the ensemble
 */
record Between(
        List<List<List<Packet>>> packets,
        boolean mayConnect,
        boolean stalled,
        List<Boolean> silenced,
        List<Boolean> beatDue,
        List<Optional<Announcement>> staleBeats,
        List<Fencing> fencings,
        Set<Fault> faultsLeft,
        int faultsMax,
        int writesLeft,
        List<Operation> acknowledged,
        Optional<ClusterRecord> znode,
        ZnodeVersion version,
        List<Request> requests,
        List<Boolean> isolated) {

    /** To the ensemble. */
    record Request(int by, EnsembleRequest asked, Optional<EnsembleEvent> answer, boolean late) {

        /** Nobody waits for the answer, so its number does not matter. */
        Request renumbered(int versionsLess) {
            return asked instanceof EnsembleRequest.Write(_, var record, var expected)
                    ? new Request(
                            by,
                            new EnsembleRequest.Write(
                                    0, record, Renumbering.less(expected, versionsLess)),
                            answer,
                            late)
                    : this;
        }
    }

    /** An order to a fence device. */
    record Fencing(
            int by,
            FenceRequestId request,
            FenceAction action,
            Progress progress,
            FenceOutcome outcome) {
        Fencing at(Progress next, FenceOutcome told) {
            return new Fencing(by, request, action, next, told);
        }
    }

    enum Progress {
        ORDERED,
        /** What the outcome says is under way to who asked. */
        ANSWERED,
        /** The device said that it could not, and will do it nevertheless. */
        LATE
    }

    static Between first(Set<Fault> faults, int faultsMax, int writes) {
        return new Between(
                List.of(List.of(), List.of()),
                true,
                false,
                List.of(false, false),
                List.of(false, false),
                List.of(Optional.empty(), Optional.empty()),
                List.of(),
                faults,
                faultsMax,
                writes,
                List.of(),
                Optional.empty(),
                ZnodeVersion.ABSENT,
                List.of(),
                List.of(false, false));
    }

    /** For {@link Betweens}: what changes together is one part. */
    @Nullable Object[] parts() {
        return new @Nullable Object[] {
            packets.get(0),
            packets.get(1),
            mayConnect,
            stalled,
            silenced,
            beatDue,
            staleBeats.get(0),
            staleBeats.get(1),
            fencings,
            faultsLeft,
            faultsMax,
            writesLeft,
            acknowledged,
            znode,
            version,
            requests,
            isolated
        };
    }

    /** The other way round. */
    @SuppressWarnings("unchecked") // They are what parts() gave.
    static Between of(@Nullable Object[] parts) {
        return new Between(
                List.of(
                        (List<List<Packet>>) Objects.requireNonNull(parts[0]),
                        (List<List<Packet>>) Objects.requireNonNull(parts[1])),
                (Boolean) Objects.requireNonNull(parts[2]),
                (Boolean) Objects.requireNonNull(parts[3]),
                (List<Boolean>) Objects.requireNonNull(parts[4]),
                (List<Boolean>) Objects.requireNonNull(parts[5]),
                List.of(
                        (Optional<Announcement>) Objects.requireNonNull(parts[6]),
                        (Optional<Announcement>) Objects.requireNonNull(parts[7])),
                (List<Fencing>) Objects.requireNonNull(parts[8]),
                (Set<Fault>) Objects.requireNonNull(parts[9]),
                (Integer) Objects.requireNonNull(parts[10]),
                (Integer) Objects.requireNonNull(parts[11]),
                (List<Operation>) Objects.requireNonNull(parts[12]),
                (Optional<ClusterRecord>) Objects.requireNonNull(parts[13]),
                (ZnodeVersion) Objects.requireNonNull(parts[14]),
                (List<Request>) Objects.requireNonNull(parts[15]),
                (List<Boolean>) Objects.requireNonNull(parts[16]));
    }

    boolean isLeft(Fault fault) {
        return faultsMax > 0 && faultsLeft.contains(fault);
    }

    Draft draft() {
        return new Draft(this);
    }

    static <T> List<T> with(List<T> list, int index, T value) {
        if (list.get(index).equals(value)) {
            return list;
        }
        return index == 0 ? List.of(value, list.get(1)) : List.of(list.get(0), value);
    }

    /** One that is being changed. */
    static final class Draft {
        List<List<List<Packet>>> packets;
        boolean mayConnect;
        boolean stalled;
        List<Boolean> silenced;
        List<Boolean> beatDue;
        List<Optional<Announcement>> staleBeats;
        List<Fencing> fencings;
        Set<Fault> faultsLeft;
        int faultsMax;
        int writesLeft;
        List<Operation> acknowledged;
        Optional<ClusterRecord> znode;
        ZnodeVersion version;
        List<Request> requests;
        List<Boolean> isolated;

        private Draft(Between from) {
            packets = from.packets;
            mayConnect = from.mayConnect;
            stalled = from.stalled;
            silenced = from.silenced;
            beatDue = from.beatDue;
            staleBeats = from.staleBeats;
            fencings = from.fencings;
            faultsLeft = from.faultsLeft;
            faultsMax = from.faultsMax;
            writesLeft = from.writesLeft;
            acknowledged = from.acknowledged;
            znode = from.znode;
            version = from.version;
            requests = from.requests;
            isolated = from.isolated;
        }

        void strikes(Fault fault) {
            var left = EnumSet.copyOf(faultsLeft);
            left.remove(fault);
            faultsMax--;
            // When nothing may strike any more it makes no difference what did not.
            faultsLeft = faultsMax == 0 ? Set.of() : Set.copyOf(left);
        }

        void send(int to, List<Packet> together) {
            var longer = new ArrayList<>(packets.get(to));
            longer.add(together);
            packets = with(packets, to, List.copyOf(longer));
        }

        void received(int to) {
            var before = packets.get(to);
            packets = with(packets, to, List.copyOf(before.subList(1, before.size())));
        }

        void nothingUnderWayTo(int to) {
            packets = with(packets, to, List.of());
        }

        Between done() {
            return new Between(
                    packets,
                    mayConnect,
                    stalled,
                    silenced,
                    beatDue,
                    staleBeats,
                    fencings,
                    faultsLeft,
                    faultsMax,
                    writesLeft,
                    acknowledged,
                    znode,
                    version,
                    requests,
                    isolated);
        }
    }
}
