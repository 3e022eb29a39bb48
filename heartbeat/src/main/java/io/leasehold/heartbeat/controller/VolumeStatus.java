package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Position;
import java.util.Optional;

/**
 * What the volume says about itself: facts, never rights.
 *
 * @param deviceId unique id of this copy; another id means another disk
 * @param empty nothing was ever written here
 * @param lineageHead epoch of the newest part of the history
 * @param head last operation in this node's journal
 * @param committedSeq last operation known to be durable on every member
 * @param promised highest epoch that the volume promised (R2)
 * @param writesWaiting acknowledgements are frozen (R4)
 * @param resync empty: none is under way
 * @param refusal why the peer must not be synced, for a person (R24, R29, R30); empty if it may
 * @param splitBrain it must not because both copies may have what clients were told and the other
 *     one lacks (R29)
 * @param foundDifferent the copies were found to differ although their histories agree (R10), and
 *     have not been compared in full since: whichever is right, a node that counts as in sync may
 *     not have what the other one has
 */
public record VolumeStatus(
        String deviceId,
        boolean empty,
        Epoch lineageHead,
        Position head,
        long committedSeq,
        Epoch promised,
        boolean writesWaiting,
        Optional<Resync> resync,
        Optional<String> refusal,
        boolean splitBrain,
        boolean foundDifferent) {

    /**
     * A resync under way.
     *
     * @param phase {@code replay}, {@code compare}, {@code copy}
     * @param source this node is the one that is copied from
     */
    public record Resync(String phase, boolean source, long doneBytes, long totalBytes) {}
}
