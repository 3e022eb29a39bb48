package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.fencing.FencingSequence;
import io.leasehold.heartbeat.membership.LinkStatus;
import io.leasehold.heartbeat.membership.PeerState;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceManager;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Everything that the checks and the words of a view are made of, at one instant. */
record Situation(
        long nowNanos,
        ClusterConfiguration config,
        WallClock wallClock,
        DurableState state,
        Role role,
        PeerState peerState,
        String peerReason,
        OptionalLong peerSilentNanos,
        List<LinkStatus> links,
        Optional<Announcement> peerSaid,
        Optional<Hello> peerHello,
        boolean sessionOpen,
        Optional<PeerSession.Loss> sessionLoss,
        Optional<VolumeStatus> volume,
        List<ResourceManager.Status> resources,
        boolean allStarted,
        OptionalLong gateUntilNanos,
        FencingSequence.Phase fencingPhase,
        String fencingText,
        boolean clientNetworkUp,
        boolean blocked,
        boolean shrinkWanted,
        long lastWinNanos,
        String lastWin,
        Optional<Ensemble> ensemble,
        boolean silenceAwaited,
        List<String> alarms) {

    /**
     * How things are with the ensemble that keeps the record; only in mode W.
     *
     * @param sentence for a person
     */
    record Ensemble(boolean connected, String sentence) {}

    /** There is none; since when, and why. */
    String noSession() {
        return "no replication session"
                + sessionLoss
                        .map(loss ->
                                " since "
                                        + wallClock.hourMinute(loss.sinceNanos())
                                        + " ("
                                        + loss.reason()
                                        + ")")
                        .orElse("");
    }

    NodeName me() {
        return config.me();
    }

    NodeName peer() {
        return config.peer();
    }

    boolean iLead() {
        return role == Role.PRIMARY;
    }

    boolean peerLeads() {
        return role == Role.SECONDARY;
    }

    /** R10: what counts as in sync may not be equal. */
    boolean isFoundDifferent() {
        return volume.map(VolumeStatus::foundDifferent).orElse(false);
    }

    /** What the peer's copy is worth, by its last word. */
    Optional<Standing> peerStanding() {
        return peerHello.map(Hello::standing).or(() -> peerSaid.map(Announcement::standing));
    }
}
