package io.leasehold.heartbeat.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.controller.Meeting.Lead;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MeetingTest {

    private static final NodeName A = new NodeName("a");
    private static final NodeName B = new NodeName("b");
    private static final Map<Relation, Relation> REVERSED =
            Map.of(
                    Relation.EQUAL, Relation.EQUAL,
                    Relation.PEER_AHEAD, Relation.PEER_BEHIND,
                    Relation.PEER_BEHIND, Relation.PEER_AHEAD,
                    Relation.DIVERGED, Relation.DIVERGED,
                    Relation.UNRELATED, Relation.UNRELATED);
    private static final Map<Lead, Lead> OTHER_SIDE =
            Map.of(
                    Lead.ME, Lead.PEER,
                    Lead.PEER, Lead.ME,
                    Lead.ME_RESUMING, Lead.PEER_RESUMING,
                    Lead.PEER_RESUMING, Lead.ME_RESUMING,
                    Lead.NOBODY, Lead.NOBODY);

    private static Hello hello(
            NodeName node, Standing standing, boolean permit, boolean resumable, long gen) {
        return new Hello(
                node,
                new BootId("b"),
                0,
                Role.WAITING,
                new ClusterRecord(
                        ArbitrationMode.FENCING,
                        new Epoch(1),
                        Optional.of(A),
                        Set.of(A, B),
                        new Generation(gen),
                        new RequestId(A, 0)),
                new Epoch(1),
                standing,
                permit,
                resumable,
                true,
                Position.EMPTY,
                ArbitrationMode.FENCING);
    }

    private static Lead decide(Standing mine, Standing peers, Relation relation) {
        return Meeting.decide(
                        hello(A, mine, false, false, 1),
                        hello(B, peers, false, false, 1),
                        relation,
                        A)
                .lead();
    }

    /**
     * Two nodes that came to different answers would both lead, or wait for each other for ever.
     */
    @Test
    void shouldGiveBothNodesTheSameAnswer() {
        for (var mine : everything(A)) {
            for (var peers : everything(B)) {
                for (var relation : Relation.values()) {
                    var here = Meeting.decide(mine, peers, relation, A).lead();
                    var there =
                            Meeting.decide(
                                            peers,
                                            mine,
                                            REVERSED.getOrDefault(relation, relation),
                                            A)
                                    .lead();
                    assertThat(there)
                            .as("%s meets %s, %s", mine, peers, relation)
                            .isEqualTo(OTHER_SIDE.get(here));
                }
            }
        }
    }

    private static List<Hello> everything(NodeName node) {
        var all = new ArrayList<Hello>();
        for (var standing : Standing.values()) {
            for (var permit : List.of(false, true)) {
                for (var resumable : List.of(false, true)) {
                    for (var gen : List.of(1L, 2L)) {
                        all.add(hello(node, standing, permit, resumable, gen));
                    }
                }
            }
        }
        for (var standing : List.of(Standing.CONSISTENT, Standing.OUTDATED)) {
            all.add(fresh(node, standing));
        }
        return all;
    }

    private static Hello fresh(NodeName node, Standing standing) {
        return new Hello(
                node,
                new BootId("b"),
                0,
                Role.WAITING,
                ClusterRecord.fresh(ArbitrationMode.FENCING, node),
                Epoch.NONE,
                standing,
                false,
                false,
                true,
                Position.EMPTY,
                ArbitrationMode.FENCING);
    }

    @Test
    void shouldLetTheNewerHistoryLead() {
        assertThat(decide(Standing.CONSISTENT, Standing.CONSISTENT, Relation.PEER_AHEAD))
                .isEqualTo(Lead.PEER);
        assertThat(decide(Standing.CONSISTENT, Standing.CONSISTENT, Relation.EQUAL))
                .isEqualTo(Lead.ME);
    }

    @Test
    void shouldNotLetAnOutdatedCopyLeadHoweverLongItsHistory() {
        assertThat(decide(Standing.OUTDATED, Standing.CONSISTENT, Relation.PEER_BEHIND))
                .as("drbd #143")
                .isEqualTo(Lead.PEER);
    }

    @Test
    void shouldStopBothOnASplitBrain() {
        assertThat(decide(Standing.CONSISTENT, Standing.CONSISTENT, Relation.DIVERGED))
                .isEqualTo(Lead.NOBODY);
        assertThat(decide(Standing.UP_TO_DATE, Standing.CONSISTENT, Relation.UNRELATED))
                .isEqualTo(Lead.NOBODY);
    }

    /** Both have stopped because of it, and marked themselves outdated, at whatever record. */
    @Test
    void shouldNameASplitBrainOfTwoOutdatedOnes() {
        for (long gen = 1; gen <= 2; gen++) {
            var outcome =
                    Meeting.decide(
                            hello(A, Standing.OUTDATED, false, false, 1),
                            hello(B, Standing.OUTDATED, false, false, gen),
                            Relation.DIVERGED,
                            A);
            assertThat(outcome.lead()).isEqualTo(Lead.NOBODY);
            assertThat(outcome.rule()).isEqualTo(Rule.R29);
        }
    }

    @Test
    void shouldChooseBetweenTwoOutdatedOnesOnlyAtTheSameRecord() {
        assertThat(decide(Standing.OUTDATED, Standing.OUTDATED, Relation.EQUAL)).isEqualTo(Lead.ME);
        assertThat(
                        Meeting.decide(
                                        hello(A, Standing.OUTDATED, false, false, 1),
                                        hello(B, Standing.OUTDATED, false, false, 2),
                                        Relation.EQUAL,
                                        A)
                                .lead())
                .isEqualTo(Lead.NOBODY);
    }

    /** A disk that was replaced: its owner was a member, this copy never was. */
    @Test
    void shouldNotLetAFreshCopyLeadWhereSomebodyHasBeenPrimary() {
        var fresh = fresh(A, Standing.CONSISTENT);

        assertThat(
                        Meeting.decide(
                                        fresh,
                                        hello(B, Standing.OUTDATED, false, false, 1),
                                        Relation.PEER_AHEAD,
                                        A)
                                .lead())
                .isEqualTo(Lead.NOBODY);
        assertThat(
                        Meeting.decide(
                                        fresh,
                                        hello(B, Standing.UP_TO_DATE, false, false, 1),
                                        Relation.PEER_AHEAD,
                                        A)
                                .lead())
                .isEqualTo(Lead.PEER);
        // Before its disk was lost, the other one may have gone on alone while B was off (R20).
        assertThat(
                        Meeting.decide(
                                        fresh,
                                        hello(B, Standing.CONSISTENT, false, false, 1),
                                        Relation.PEER_AHEAD,
                                        A)
                                .lead())
                .isEqualTo(Lead.NOBODY);
    }

    /**
     * B stood in for a disk, too: it got every operation from A's old one, which was lost before B
     * stored whose they were.
     */
    @Test
    void shouldNotLetAFreshCopyLeadOverOneThatHasMore() {
        assertThat(
                        Meeting.decide(
                                        fresh(A, Standing.CONSISTENT),
                                        fresh(B, Standing.OUTDATED),
                                        Relation.PEER_AHEAD,
                                        A)
                                .lead())
                .isEqualTo(Lead.NOBODY);
        assertThat(
                        Meeting.decide(
                                        fresh(A, Standing.CONSISTENT),
                                        fresh(B, Standing.CONSISTENT),
                                        Relation.PEER_AHEAD,
                                        A)
                                .lead())
                .as("it was filled before it was ever used")
                .isEqualTo(Lead.PEER);
    }
}
