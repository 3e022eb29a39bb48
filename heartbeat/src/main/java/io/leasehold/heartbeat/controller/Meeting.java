package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;

/**
 * Two nodes meet and neither is primary: who leads? Both ask this with their roles swapped and come
 * to answers that fit, because it depends on nothing but what both said (R18, R20, R22, R27-R30).
 *
 * <pre>
 *   no common ancestor                    nobody                                     R30
 *   configured for different arbiters     nobody                                     R12
 *   the record passes to or from an       as below, but nobody resumes: the other one's
 *   ensemble                              word ends its copy, a promise does not     R12
 *   one holds the solo permit             it leads, without asking                   R20
 *   one was primary in this power-on      it resumes, once the other promised        R27
 *   one is usable, the other is not       the usable one leads                       R18, R24
 *   (outdated, inconsistent, or fresh where the other has seen a primary: not usable; nor is
 *   consistent where the other is fresh, because it may have gone on alone before its disk was
 *   replaced; nor is fresh where the other has operations that it lacks)
 *   both usable                           the newer history; on a tie the lower node R28
 *   both outdated, same record            the newer history; on a tie the lower node R16, R28
 *   both usable, or neither is, and
 *   neither history contains the other    nobody                                     R29
 * </pre>
 */
final class Meeting {

    /** Who leads, and why. */
    record Outcome(Lead lead, Rule rule, String sentence) {}

    enum Lead {
        ME,
        PEER,
        ME_RESUMING,
        PEER_RESUMING,
        NOBODY
    }

    /** What a person does where nobody leads because each copy may have what the other lacks. */
    static final String CHOICE =
            "Say 'clusterctl promote --force' on the node whose leases shall stay; what only the"
                    + " other one has is kept there as a branch";

    private Meeting() {}

    static Outcome decide(Hello mine, Hello peers, Relation relation, NodeName lowerNode) {
        if (relation == Relation.UNRELATED) {
            return new Outcome(
                    Lead.NOBODY,
                    Rule.R30,
                    "the volumes have no common ancestor: not the same pair, or a foreign disk");
        }
        if (mine.arbiter() != peers.arbiter()) {
            return new Outcome(
                    Lead.NOBODY,
                    Rule.R12,
                    "the two nodes are configured for different arbiters: make the line 'arbiter'"
                            + " the same in both files and restart the daemons");
        }
        if (mine.permit() != peers.permit()) {
            return new Outcome(
                    mine.permit() ? Lead.ME : Lead.PEER,
                    Rule.R20,
                    leader(mine, peers, mine.permit()) + " holds the solo permit");
        }
        if (mine.resumable() != peers.resumable()) {
            var resuming = mine.resumable() ? mine : peers;
            var other = mine.resumable() ? peers : mine;
            if (resuming.record().isInSync(other.node()) && passesAnEnsemble(mine, peers)) {
                return new Outcome(
                        mine.resumable() ? Lead.ME : Lead.PEER,
                        Rule.R12,
                        resuming.node()
                                + " was primary in this power-on and takes the record to arbiter "
                                + mine.arbiter());
            }
            if (resuming.record().isInSync(other.node())) {
                return new Outcome(
                        mine.resumable() ? Lead.ME_RESUMING : Lead.PEER_RESUMING,
                        Rule.R27,
                        resuming.node() + " was primary in this power-on and continues");
            }
        }
        var iAmUsable = isUsable(mine, peers, relation == Relation.PEER_AHEAD);
        if (iAmUsable != isUsable(peers, mine, relation == Relation.PEER_BEHIND)) {
            return new Outcome(
                    iAmUsable ? Lead.ME : Lead.PEER,
                    Rule.R18,
                    leader(peers, mine, iAmUsable) + " is not up to date");
        }
        if (!iAmUsable && relation == Relation.DIVERGED) {
            return splitBrain();
        }
        if (!iAmUsable && !neitherWentAlone(mine, peers)) {
            return new Outcome(
                    Lead.NOBODY,
                    Rule.R7,
                    "neither copy is known to hold every acknowledged write: an operator must choose");
        }
        return switch (relation) {
            case PEER_BEHIND ->
                    new Outcome(Lead.ME, Rule.R28, mine.node() + " has the newer history");
            case PEER_AHEAD ->
                    new Outcome(Lead.PEER, Rule.R28, peers.node() + " has the newer history");
            case EQUAL ->
                    new Outcome(
                            mine.node().equals(lowerNode) ? Lead.ME : Lead.PEER,
                            Rule.R28,
                            "both have the same history; " + lowerNode + " goes first");
            case DIVERGED -> splitBrain();
            case UNRELATED -> throw new IllegalStateException("refused above");
        };
    }

    private static Outcome splitBrain() {
        return new Outcome(
                Lead.NOBODY,
                Rule.R29,
                "split brain: each history has something that the other lacks");
    }

    /**
     * Both are configured for one arbiter, the record belongs to another, and one is an ensemble.
     */
    private static boolean passesAnEnsemble(Hello mine, Hello peers) {
        var newest = peers.record().isNewerThan(mine.record()) ? peers.record() : mine.record();
        return newest.mode() != mine.arbiter()
                && (newest.mode() == ArbitrationMode.ZOOKEEPER
                        || mine.arbiter() == ArbitrationMode.ZOOKEEPER);
    }

    private static NodeName leader(Hello mine, Hello peers, boolean iLead) {
        return iLead ? mine.node() : peers.node();
    }

    /**
     * A fresh copy is usable beside another fresh one only: where somebody has been primary
     * already, it was never a member, and stands in for one whose disk was replaced (R6, R7). The
     * other one need not know that primary: it may have got its operations, and lost it before it
     * stored its record.
     *
     * @param lacksOperations whether the other one has operations that this one has not
     */
    private static boolean isUsable(Hello hello, Hello other, boolean lacksOperations) {
        if (hello.record().primary().isEmpty()
                && (other.record().primary().isPresent() || lacksOperations)) {
            return false;
        }
        if (hello.standing() == Standing.CONSISTENT
                && hello.record().primary().isPresent()
                && other.record().primary().isEmpty()
                && hello.record().mode() != ArbitrationMode.ZOOKEEPER) {
            // R20: whoever it waits for is gone with its disk. If that one went on alone, nobody
            // knows any more.
            return false;
        }
        var newest = other.record().isNewerThan(hello.record()) ? other.record() : hello.record();
        if (newest.mode() == ArbitrationMode.ZOOKEEPER && !newest.inSync().isEmpty()) {
            // R14, R18: who holds every write is in the record, whatever both have said (R16).
            return newest.isInSync(hello.node())
                    && hello.standing() != Standing.INCONSISTENT
                    && (!hello.standing().isOutdated() || other.standing().isOutdated());
        }
        return switch (hello.standing()) {
            case UP_TO_DATE, CONSISTENT -> true;
            case OUTDATED, INCONSISTENT -> false;
        };
    }

    /** R16: outdated at the same record, so neither can have acknowledged anything after it. */
    private static boolean neitherWentAlone(Hello mine, Hello peers) {
        return mine.standing() == Standing.OUTDATED
                && peers.standing() == Standing.OUTDATED
                && mine.record().epoch().equals(peers.record().epoch())
                && mine.record().gen().equals(peers.record().gen());
    }
}
