package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.View.Check;
import io.leasehold.heartbeat.membership.PeerState;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether a takeover now would succeed and lose nothing: asked by {@code ready}, and by every
 * planned move before it begins. A crash of the primary asks nothing of this.
 */
final class ReadyChecks {

    private ReadyChecks() {}

    /** What {@link View.Check#isObstacle} is not about comes last. */
    static List<Check> of(Situation s) {
        if (s.iLead()) {
            return fromPrimary(s);
        }
        if (s.peerLeads()) {
            return fromSecondary(s);
        }
        return List.of(check("primary", false, "", "nobody is primary now", Rule.R17));
    }

    private static List<Check> fromPrimary(Situation s) {
        var peer = s.peer();
        return and(
                s,
                online(s),
                session(s),
                arbiter(s),
                check(
                        "in-sync",
                        s.state().record().isInSync(peer)
                                && s.peerStanding().filter(Standing.UP_TO_DATE::equals).isPresent(),
                        peer + " is in sync",
                        peer + " is not in sync: a takeover would lose acknowledged leases",
                        Rule.R6),
                acknowledging(s),
                check(
                        "standby",
                        !s.peerSaid().map(Announcement::standby).orElse(false),
                        peer + " may serve",
                        peer + " is in standby",
                        Rule.POLICY),
                check(
                        "health",
                        s.peerSaid().map(Announcement::healthy).orElse(false),
                        "no resource is blocked on " + peer,
                        "a resource failed too often on "
                                + peer
                                + " ('clusterctl cleanup' forgets it)",
                        Rule.POLICY),
                check(
                        "client-network",
                        s.peerSaid().map(Announcement::clientNetworkUp).orElse(false),
                        peer + " has its client network",
                        peer + " has lost its client network",
                        Rule.POLICY),
                check(
                        "settled",
                        s.allStarted() || s.blocked(),
                        "nothing is being started or stopped",
                        "the service is still starting on " + s.me(),
                        Rule.ORDER));
    }

    private static List<Check> fromSecondary(Situation s) {
        var me = s.me();
        return and(
                s,
                online(s),
                session(s),
                arbiter(s),
                check(
                        "in-sync",
                        s.state().record().isInSync(me)
                                && s.state().standing() == Standing.UP_TO_DATE,
                        me + " is in sync",
                        me + " is not in sync: a takeover would lose acknowledged leases",
                        Rule.R6),
                acknowledging(s),
                check(
                        "standby",
                        s.state().standby().isEmpty(),
                        me + " may serve",
                        me + " is in standby",
                        Rule.POLICY),
                check(
                        "health",
                        !s.blocked(),
                        "no resource is blocked on " + me,
                        "a resource failed too often on "
                                + me
                                + " ('clusterctl cleanup' forgets it)",
                        Rule.POLICY),
                check(
                        "client-network",
                        s.clientNetworkUp(),
                        me + " has its client network",
                        me + " has lost its client network",
                        Rule.POLICY),
                check(
                        "settled",
                        s.peerSaid().map(Announcement::serving).orElse(false)
                                || !s.peerSaid().map(Announcement::healthy).orElse(true),
                        "nothing is being started or stopped",
                        "the service is not running on " + s.peer(),
                        Rule.ORDER));
    }

    /** R13: without the witness a connected pair goes on, but nothing may change. */
    private static List<Check> and(Situation s, Check... others) {
        var all = new ArrayList<>(List.of(others));
        s.ensemble()
                .ifPresent(ensemble ->
                        all.add(
                                check(
                                        "ensemble",
                                        ensemble.connected(),
                                        "the ensemble is connected",
                                        ensemble.sentence(),
                                        Rule.R13)));
        all.add(copiesEqual(s));
        return List.copyOf(all);
    }

    /** Both nodes note what was found, and that a full compare has mended it. */
    private static Check copiesEqual(Situation s) {
        return check(
                Check.COPIES_EQUAL,
                !s.isFoundDifferent(),
                "the copies were not found to differ",
                "the copies were found to differ: the other one may lack leases, or have older ones",
                Rule.R10);
    }

    private static Check online(Situation s) {
        return check(
                "peer-online",
                s.peerState() == PeerState.ONLINE,
                s.peer() + " is online",
                s.peer() + " is not heard well: " + s.peerReason(),
                Rule.R37);
    }

    private static Check session(Situation s) {
        return check(
                "replication",
                s.sessionOpen(),
                "the replication session is open",
                "there is " + s.noSession(),
                Rule.R17);
    }

    private static Check arbiter(Situation s) {
        return check(
                "arbiter",
                s.peerHello().filter(hello -> hello.arbiter() != s.config().mode()).isEmpty(),
                "both nodes are configured for the same arbiter",
                s.peer()
                        + " is configured for another arbiter than "
                        + s.me()
                        + ": make both files the same and restart both daemons",
                Rule.R12);
    }

    private static Check acknowledging(Situation s) {
        return check(
                "acknowledgements",
                !s.shrinkWanted() && !s.volume().map(VolumeStatus::writesWaiting).orElse(false),
                "writes are acknowledged",
                "writes are frozen: the other node does not acknowledge",
                Rule.R4);
    }

    private static Check check(String name, boolean ok, String yes, String no, Rule rule) {
        return new Check(name, ok, ok ? yes : no, rule);
    }
}
