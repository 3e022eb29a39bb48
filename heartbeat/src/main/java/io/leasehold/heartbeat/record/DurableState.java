package io.leasehold.heartbeat.record;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

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
        return new DurableState(
                next,
                Epoch.max(promised, next.epoch()),
                bootId,
                deviceId,
                standing,
                wasPrimary,
                permit.filter(
                        held -> held.epoch().equals(next.epoch()) && next.inSync().size() == 1),
                standby,
                maintenance,
                failureCounts,
                fencesEpochMillis,
                forcedEpochs,
                Math.max(
                        lastRequestNumber,
                        next.requestId().node().equals(record.requestId().node())
                                ? next.requestId().number()
                                : 0));
    }

    public DurableState withPromised(Epoch epoch) {
        return new DurableState(
                record,
                Epoch.max(promised, epoch),
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

    public DurableState withBoot(BootId boot, Optional<String> device) {
        return new DurableState(
                record,
                promised,
                boot,
                device,
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

    public DurableState withStanding(Standing next) {
        return new DurableState(
                record,
                promised,
                bootId,
                deviceId,
                next,
                wasPrimary,
                permit,
                standby,
                maintenance,
                failureCounts,
                fencesEpochMillis,
                forcedEpochs,
                lastRequestNumber);
    }

    public DurableState withWasPrimary(boolean primary) {
        return new DurableState(
                record,
                promised,
                bootId,
                deviceId,
                standing,
                primary,
                permit,
                standby,
                maintenance,
                failureCounts,
                fencesEpochMillis,
                forcedEpochs,
                lastRequestNumber);
    }

    /** Grants the permit for the record's own epoch. */
    public DurableState withPermit() {
        return withPermit(Optional.of(new SoloPermit(record.epoch())));
    }

    public DurableState withoutPermit() {
        return withPermit(Optional.empty());
    }

    private DurableState withPermit(Optional<SoloPermit> next) {
        return new DurableState(
                record,
                promised,
                bootId,
                deviceId,
                standing,
                wasPrimary,
                next,
                standby,
                maintenance,
                failureCounts,
                fencesEpochMillis,
                forcedEpochs,
                lastRequestNumber);
    }

    public DurableState withStandby(Optional<Standby> next) {
        return new DurableState(
                record,
                promised,
                bootId,
                deviceId,
                standing,
                wasPrimary,
                permit,
                next,
                maintenance,
                failureCounts,
                fencesEpochMillis,
                forcedEpochs,
                lastRequestNumber);
    }

    public DurableState withMaintenance(Maintenance next) {
        return new DurableState(
                record,
                promised,
                bootId,
                deviceId,
                standing,
                wasPrimary,
                permit,
                standby,
                next,
                failureCounts,
                fencesEpochMillis,
                forcedEpochs,
                lastRequestNumber);
    }

    public DurableState withFailureCounts(Map<String, Integer> next) {
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
                new TreeMap<>(next),
                fencesEpochMillis,
                forcedEpochs,
                lastRequestNumber);
    }

    public DurableState withFence(long epochMillis) {
        var fences = new java.util.ArrayList<>(fencesEpochMillis);
        fences.add(epochMillis);
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
                fences,
                forcedEpochs,
                lastRequestNumber);
    }

    public boolean holdsPermit() {
        return permit.isPresent();
    }
}
