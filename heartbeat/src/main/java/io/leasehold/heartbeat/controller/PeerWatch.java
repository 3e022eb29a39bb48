package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.membership.LinkStatus;
import io.leasehold.heartbeat.membership.Membership;
import io.leasehold.heartbeat.membership.PeerState;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What this node has learnt of its peer: whether it is heard ({@link Membership}), and what it last
 * said of itself, in beats and in the session. Starts procedures and grants nothing (R37).
 */
final class PeerWatch {
    private final NodeName peer;
    private final Membership membership;
    private final Rights rights;
    private final PeerSession session;
    private final StepTime time;
    private final Effects effects;
    private Optional<Announcement> said = Optional.empty();
    private boolean listening;

    PeerWatch(
            NodeName peer,
            Membership membership,
            Rights rights,
            PeerSession session,
            StepTime time,
            Effects effects) {
        this.peer = peer;
        this.membership = membership;
        this.rights = rights;
        this.session = session;
        this.time = time;
        this.effects = effects;
    }

    /**
     * Takes a beat in; the changes it leads to are reported by {@link #report}, after the voids.
     */
    List<Membership.Change> beat(Event.BeatReceived beat) {
        var announcement = beat.announcement();
        var bootBefore = membership.bootId();
        said = Optional.of(announcement);
        var changes =
                membership.beat(
                        beat.heardNanos(),
                        beat.link(),
                        announcement.bootId(),
                        beat.daemonProgressAgeNanos(),
                        beat.roundTripNanos());
        if (bootBefore.filter(boot -> !boot.equals(announcement.bootId())).isPresent()) {
            effects.note("membership", Rule.R18, peer + " was powered on again", "new boot id");
        }
        return changes;
    }

    void carrier(LinkName link, boolean up) {
        report(membership.carrier(link, up));
    }

    void replicationHeard() {
        report(membership.replicationHeard(time.nowNanos()));
    }

    /** After a standstill of this process: nothing is known of what was heard meanwhile. */
    void forget() {
        report(membership.forget(time.nowNanos()));
    }

    /** The keeper has passed on what it heard until then. */
    void listened(long untilNanos, long stoodStillNanos) {
        listening = false;
        report(membership.listened(untilNanos, stoodStillNanos));
    }

    /** Before silence means something, whoever listens is asked. */
    void advance() {
        if (!listening && membership.mustListen(time.nowNanos())) {
            listening = true;
            effects.add(new Effect.Listen());
        }
    }

    void report(List<Membership.Change> changes) {
        for (var change : changes) {
            switch (change) {
                case Membership.Change.PeerOnline _ ->
                        effects.note("membership", Rule.R37, peer + " is online", "beats arrive");
                case Membership.Change.PeerSuspect(var reason) ->
                        effects.note("membership", Rule.R37, peer + " is suspect", reason);
                case Membership.Change.PeerLost(var reason) ->
                        effects.note("membership", Rule.R37, peer + " is lost", reason);
                case Membership.Change.LinkChanged(var link, var linkState) ->
                        effects.note(
                                "membership",
                                Rule.R37,
                                "link " + link + " is " + linkState,
                                "beats");
            }
        }
    }

    OptionalLong nextDeadlineNanos() {
        return membership.nextDeadlineNanos(time.nowNanos());
    }

    PeerState state() {
        return membership.state();
    }

    boolean isLost() {
        return membership.state() == PeerState.LOST;
    }

    boolean isOnline() {
        return membership.state() == PeerState.ONLINE;
    }

    /** Its keeper beats, its daemon does not get on. */
    boolean isHung() {
        return membership.isHung();
    }

    /** Why the state is what it is, for a person. */
    String reason() {
        return membership.reason();
    }

    OptionalLong silentNanos(long nowNanos) {
        return membership.silentNanos(nowNanos);
    }

    List<LinkStatus> links(long nowNanos) {
        return membership.links(nowNanos);
    }

    /** The power-on of the peer that was heard last. */
    Optional<BootId> bootId() {
        return membership.bootId();
    }

    /** The last beat's word, of whatever age. */
    Optional<Announcement> said() {
        return said;
    }

    /** Whether the peer is primary, by what it said last; never a permission for anything. */
    boolean leads() {
        if (isLost()) {
            // Its session may look open for a while longer: TCP notices later than the beats do.
            return false;
        }
        var hello = session.hello();
        var role = hello.map(Hello::role).or(() -> said.map(Announcement::role));
        var epoch =
                hello.map(words -> words.record().epoch()).or(() -> said.map(Announcement::epoch));
        return role.filter(PeerWatch::isWriting).isPresent()
                && epoch.filter(theirs -> !rights.record().epoch().isAfter(theirs)).isPresent();
    }

    /** Whether who says this of itself has won the record of its epoch. */
    static boolean isWriting(Role role) {
        return switch (role) {
            case PROMOTING, PRIMARY, HANDING_OVER -> true;
            case WAITING, SECONDARY, STOPPED -> false;
        };
    }
}
