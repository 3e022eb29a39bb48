package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.Maintenance;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Standing;

/**
 * What a node says about itself in every beat.
 *
 * <p>The keeper repeats the latest one until it is replaced, also while the daemon is away: the age
 * of the daemon's progress, which the beat carries beside it, says how far it can be trusted.
 *
 * @param incarnation number of this process within the power-on; grows with each start
 * @param epoch of the sender's copy of the record
 * @param gen of the sender's copy of the record
 * @param standing durable before it was announced; <em>outdated</em> at the receiver's own {@code
 *     (epoch, gen)} is a proof P1: nothing but a grow by the receiver can change it
 * @param serving the sender's gate is open
 * @param clientNetworkUp every tracked interface has carrier
 * @param standby the sender must not serve
 * @param healthy no resource is blocked on the sender, and its disk works
 * @param leaveWanted the sender is primary, gets no acknowledgements, and asks the receiver to mark
 *     itself outdated at the sender's {@code (epoch, gen)} rather than be fenced
 */
public record Announcement(
        NodeName node,
        BootId bootId,
        long incarnation,
        Role role,
        Epoch epoch,
        Generation gen,
        Standing standing,
        boolean serving,
        boolean clientNetworkUp,
        boolean standby,
        boolean healthy,
        boolean leaveWanted,
        Maintenance maintenance) {}
