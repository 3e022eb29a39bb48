package io.leasehold.heartbeat.record;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Everything about rights that a node must still know after a power cut. Small, written whole.
 *
 * @param record this node's copy of C
 * @param promised the highest epoch that was promised to anybody; lower ones are refused (R2)
 * @param bootId the power-on in which this was written
 * @param deviceId the volume that these rights belong to; empty until one was seen
 * @param wasPrimary the last process was primary and did not demote
 * @param permit the solo permit; only valid for the record's own epoch
 * @param failureCounts per resource, only counts above 0
 * @param fencesEpochMillis wall-clock times of the latest fences of the peer, oldest first (R36)
 * @param forcedEpochs epochs that a person forced (R21)
 * @param lastRequestNumber highest number in any {@link RequestId} of this node (R11)
 */
public record DurableState(
        ClusterRecord record,
        Epoch promised,
        BootId bootId,
        Optional<String> deviceId,
        Standing standing,
        boolean wasPrimary,
        Optional<SoloPermit> permit,
        Optional<Standby> standby,
        Maintenance maintenance,
        SortedMap<String, Integer> failureCounts,
        List<Long> fencesEpochMillis,
        SortedSet<Epoch> forcedEpochs,
        long lastRequestNumber) {

    /** Limits of the stored form; the newest entries are kept. */
    public static final int FENCES_MAX = 16;

    public static final int FORCED_EPOCHS_MAX = 64;
    public static final int FAILURE_COUNTS_MAX = 64;

    /** One write holds at most a few requests; a number that was never used does no harm (R11). */
    private static final long LOST_REQUESTS_MAX = 1_000;

    public DurableState {
        failureCounts = Collections.unmodifiableSortedMap(new TreeMap<>(failureCounts));
        fencesEpochMillis =
                List.copyOf(
                        fencesEpochMillis.subList(
                                Math.max(0, fencesEpochMillis.size() - FENCES_MAX),
                                fencesEpochMillis.size()));
        var forced = new TreeSet<>(forcedEpochs);
        while (forced.size() > FORCED_EPOCHS_MAX) {
            forced.removeFirst();
        }
        forcedEpochs = Collections.unmodifiableSortedSet(forced);
        // Pair assertion: the same is checked after reading (StateCodec calls this constructor).
        if (permit.isPresent() && !permit.get().epoch().equals(record.epoch())) {
            throw new IllegalStateException(
                    "permit of epoch " + permit.get().epoch() + " beside " + record.describe());
        }
        if (permit.isPresent() && record.inSync().size() != 1) {
            throw new IllegalStateException("a solo permit beside " + record.describe());
        }
        if (record.epoch().isAfter(promised)) {
            throw new IllegalStateException(
                    "record of epoch " + record.epoch() + " above the promise " + promised);
        }
    }

    /** What a node that never ran knows. */
    public static DurableState fresh(ArbitrationMode mode, NodeName me, BootId bootId) {
        return new DurableState(
                ClusterRecord.fresh(mode, me),
                Epoch.NONE,
                bootId,
                Optional.empty(),
                Standing.CONSISTENT,
                false,
                Optional.empty(),
                Optional.empty(),
                Maintenance.OFF,
                new TreeMap<>(),
                List.of(),
                new TreeSet<>(),
                0);
    }

    public DurableState withRecord(ClusterRecord next) {
        return edited(draft -> {
            draft.record = next;
            draft.promised = Epoch.max(promised, next.epoch());
            draft.permit =
                    permit.filter(
                            held -> held.epoch().equals(next.epoch()) && next.inSync().size() == 1);
            if (next.requestId().node().equals(record.requestId().node())) {
                draft.lastRequestNumber = Math.max(lastRequestNumber, next.requestId().number());
            }
        });
    }

    public DurableState withPromised(Epoch epoch) {
        return edited(draft -> draft.promised = Epoch.max(promised, epoch));
    }

    /** {@code id} may be used from now on, and never again (R11). */
    public DurableState withRequest(RequestId id) {
        return edited(draft -> draft.lastRequestNumber = Math.max(lastRequestNumber, id.number()));
    }

    public DurableState withBoot(BootId boot, Optional<String> device) {
        return edited(draft -> {
            draft.bootId = boot;
            draft.deviceId = device;
        });
    }

    public DurableState withStanding(Standing next) {
        return edited(draft -> draft.standing = next);
    }

    public DurableState withWasPrimary(boolean primary) {
        return edited(draft -> draft.wasPrimary = primary);
    }

    /** Grants the permit for the record's own epoch. */
    public DurableState withPermit() {
        return edited(draft -> draft.permit = Optional.of(new SoloPermit(record.epoch())));
    }

    public DurableState withoutPermit() {
        return edited(draft -> draft.permit = Optional.empty());
    }

    /** What P1 says: this copy may lack acknowledged writes, and no right to serve is left. */
    public DurableState outdated() {
        return edited(draft -> {
            draft.permit = Optional.empty();
            draft.wasPrimary = false;
            draft.standing =
                    standing == Standing.INCONSISTENT ? Standing.INCONSISTENT : Standing.OUTDATED;
        });
    }

    /**
     * What may still be relied on if newer states were written and lost: facts, and no right. The
     * lost one may have given the permit up (R10), marked this copy outdated (R16), or named a
     * request (R11). With a witness, what is left of a node that never asked for anything and saw
     * nobody lead may be that of a new disk which knew already that it stands in for another one
     * (R31): the ensemble's record overrules {@code OUTDATED}, so that is not enough.
     */
    public DurableState withoutRights() {
        boolean standsInPerhaps =
                record.mode() == ArbitrationMode.ZOOKEEPER
                        && record.primary().isEmpty()
                        && lastRequestNumber == 0;
        return outdated()
                .edited(draft -> {
                    draft.lastRequestNumber = lastRequestNumber + LOST_REQUESTS_MAX;
                    if (standsInPerhaps) {
                        draft.standing = Standing.INCONSISTENT;
                    }
                });
    }

    public DurableState withStandby(Optional<Standby> next) {
        return edited(draft -> draft.standby = next);
    }

    public DurableState withMaintenance(Maintenance next) {
        return edited(draft -> draft.maintenance = next);
    }

    public DurableState withFailureCounts(Map<String, Integer> next) {
        return edited(draft -> draft.failureCounts = new TreeMap<>(next));
    }

    public DurableState withFence(long epochMillis) {
        return edited(draft -> {
            draft.fencesEpochMillis = new ArrayList<>(fencesEpochMillis);
            draft.fencesEpochMillis.add(epochMillis);
        });
    }

    /** Marks epochs that a person forced; a mark is never taken back (R21). */
    public DurableState withForced(Collection<Epoch> epochs) {
        return edited(draft -> {
            draft.forcedEpochs = new TreeSet<>(forcedEpochs);
            draft.forcedEpochs.addAll(epochs);
        });
    }

    public boolean holdsPermit() {
        return permit.isPresent();
    }

    /** The one way to a changed copy; the constructor checks it. */
    private DurableState edited(Consumer<Draft> edit) {
        var draft = new Draft(this);
        edit.accept(draft);
        return draft.toState();
    }

    /** A state that is being changed. */
    private static final class Draft {
        private ClusterRecord record;
        private Epoch promised;
        private BootId bootId;
        private Optional<String> deviceId;
        private Standing standing;
        private boolean wasPrimary;
        private Optional<SoloPermit> permit;
        private Optional<Standby> standby;
        private Maintenance maintenance;
        private SortedMap<String, Integer> failureCounts;
        private List<Long> fencesEpochMillis;
        private SortedSet<Epoch> forcedEpochs;
        private long lastRequestNumber;

        private Draft(DurableState from) {
            record = from.record;
            promised = from.promised;
            bootId = from.bootId;
            deviceId = from.deviceId;
            standing = from.standing;
            wasPrimary = from.wasPrimary;
            permit = from.permit;
            standby = from.standby;
            maintenance = from.maintenance;
            failureCounts = from.failureCounts;
            fencesEpochMillis = from.fencesEpochMillis;
            forcedEpochs = from.forcedEpochs;
            lastRequestNumber = from.lastRequestNumber;
        }

        private DurableState toState() {
            return new DurableState(
                    record,
                    promised,
                    bootId,
                    deviceId,
                    standing,
                    wasPrimary,
                    permit,
                    standby,
                    maintenance,
                    failureCounts,
                    fencesEpochMillis,
                    forcedEpochs,
                    lastRequestNumber);
        }
    }
}
