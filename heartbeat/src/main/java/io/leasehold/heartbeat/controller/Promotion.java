package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.Arbitration.Outcome;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.List;
import java.util.OptionalLong;

/**
 * From a record that was won to a volume that may be written (R6); {@link Candidacy} wins it.
 *
 * <pre>
 *   Idle --won: record stored--> Promoting --VolumePromoted--> Leading
 *                                  ^   | VolumePromotionFailed
 *                                  +---+ after a pause
 *   prepared: hints to the resources, without any right; forgotten when the reason for it is gone
 * </pre>
 */
final class Promotion {

    /** Pause between two tries of a volume that does not promote. */
    static final long PAUSE_NANOS = 1_000_000_000L;

    private final NodeName me;
    private final List<ResourceName> inStartOrder;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final PeerSession session;
    private final PlannedMove move;
    private final ServiceGate gate;
    private final Alarms alarms;
    private final StepTime time;
    private final Effects effects;
    private boolean prepared;
    private OptionalLong againNanos = OptionalLong.empty();

    Promotion(
            ClusterConfiguration config,
            Lifecycle lifecycle,
            Rights rights,
            PeerSession session,
            PlannedMove move,
            ServiceGate gate,
            Alarms alarms,
            StepTime time,
            Effects effects) {
        this.me = config.me();
        this.inStartOrder = config.resources().stream().map(ResourceConfiguration::name).toList();
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.session = session;
        this.move = move;
        this.gate = gate;
        this.alarms = alarms;
        this.time = time;
        this.effects = effects;
    }

    /** What can be checked or warmed up without any right is done now. */
    void prepare() {
        if (!prepared) {
            prepared = true;
            inStartOrder.forEach(name -> effects.add(new Effect.PrepareResource(name)));
        }
    }

    void unprepared() {
        prepared = false;
    }

    /**
     * The record is won: stored first, then everything that depends on it. An old primary that
     * handed over waits to hear how it goes (R17).
     */
    void begin(Outcome.Won won) {
        rights.save(won.next().withStanding(Standing.UP_TO_DATE).withWasPrimary(true));
        gate.recordWon(won.askedNanos(), won.silent());
        prepared = false;
        move.wonBack();
        var epoch = rights.record().epoch();
        var handedOver = won.rule() == Rule.R17;
        lifecycle.become(new Phase.Promoting(epoch, handedOver));
        promoteVolume();
        if (handedOver) {
            session.send(new ClusterMessage.HandOverTaken(epoch));
        }
    }

    private void promoteVolume() {
        var record = rights.record();
        effects.add(
                new Effect.PromoteVolume(
                        record.epoch(),
                        record.inSync(),
                        record.gen(),
                        rights.state().forcedEpochs()));
    }

    void advance() {
        if (againNanos.isPresent() && time.nowNanos() >= againNanos.getAsLong()) {
            againNanos = OptionalLong.empty();
            promoteVolume();
        }
    }

    void promoted(Epoch epoch) {
        if (lifecycle.phase() instanceof Phase.Promoting promoting
                && promoting.epoch().equals(epoch)) {
            effects.note(
                    "record",
                    Rule.R6,
                    me + " is primary of epoch " + epoch,
                    "the volume is promoted");
            lifecycle.become(new Phase.Leading(promoting.handedOver()));
            alarms.clear("promotion");
            againNanos = OptionalLong.empty();
        }
    }

    void failed(Epoch epoch, String reason) {
        if (lifecycle.phase() instanceof Phase.Promoting promoting
                && promoting.epoch().equals(epoch)) {
            effects.note("record", Rule.R6, "the volume does not promote; tried again", reason);
            alarms.raise("promotion", "the volume does not promote: " + reason);
            againNanos = OptionalLong.of(time.nowNanos() + PAUSE_NANOS);
        }
    }

    void deadlines(Deadlines deadlines) {
        deadlines.at(againNanos);
    }
}
