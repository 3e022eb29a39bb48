package io.leasehold.itests.simulator;

import io.leasehold.blockrep.replication.Event.PeerDurable;
import io.leasehold.blockrep.replication.Event.PeerReady;
import io.leasehold.blockrep.replication.Event.ReplayCheck;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.heartbeat.controller.ClusterMessage;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Rules of which most bring no history back alone, because another one holds. Switched off as in
 * {@link BrokenRules}.
 */
final class BrokenDefences {
    private BrokenDefences() {}

    static Sabotage named(String name) {
        return switch (name) {
            case "the-gate-lapses" -> new GateStaysOpen();
            case "the-keeper-watches-its-daemon" -> new KeeperSleeps();
            case "a-request-has-one-id" -> new AnyRequestIsMine();
            case "a-look-decides-nothing" -> new LookDecides();
            case "only-a-member-takes-over" -> new EverybodyIsAMember();
            case "a-message-ends-with-its-session" -> new MessagesOutliveTheirSession();
            case "a-word-names-its-record" -> new WordsNameNothing();
            case "an-epoch-has-one-process" -> new RestartKeepsTheEpoch();
            case "an-epoch-is-written-once" -> new EpochWrittenAgain();
            case "equal-places-are-compared" -> new RootsUncompared();
            case "written-here-before-it-is-sent" -> new KillLosesWrites();
            case "the-peers-tail-is-compared" -> new TailUnseen();
            case "a-member-is-not-compared" -> new MembersAreCompared();
            case "a-resync-goes-into-a-shadow" -> new ResyncInPlace();
            default -> throw new IllegalArgumentException("no such rule: " + name);
        };
    }

    // ---------------------------------------------------------------- the serving lease

    /** R9: whoever served once is heard by clients until its machine is off. */
    static final class GateStaysOpen implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            return switch (ordered) {
                case Effect.OpenGate _ -> List.of(new Effect.OpenGate(Long.MAX_VALUE / 2));
                case Effect.CloseGate _ -> List.of();
                default -> List.of(ordered);
            };
        }

        @Override
        public boolean kernelShutsTheGate() {
            return false;
        }
    }

    /** R38: a daemon that stands still is left alone, and what it has started with it. */
    private static final class KeeperSleeps implements Sabotage {
        @Override
        public boolean keeperWatches() {
            return false;
        }
    }

    // ---------------------------------------------------------------- the record, with a witness

    /** H4, R11: a record of this node is what this process has asked for, whatever it says. */
    private static final class AnyRequestIsMine implements Sabotage {
        private final Map<Daemon, ClusterRecord> asked = new HashMap<>();

        @Override
        public Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
            if (request instanceof EnsembleRequest.Write(var _, var record, var _)) {
                asked.put(daemon, record);
            }
            return Optional.of(request);
        }

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            var me = daemon.box().name();
            var mine = Optional.ofNullable(asked.get(daemon));
            return happened
                                    instanceof
                                    Event.EnsembleHeard(
                                            EnsembleEvent.Found(
                                                    long number,
                                                    var record,
                                                    var version))
                            && mine.isPresent()
                            && record.filter(seen ->
                                            seen.isPrimary(me)
                                                    && seen.gen().equals(mine.get().gen()))
                                    .isPresent()
                    ? List.of(
                            new Event.EnsembleHeard(new EnsembleEvent.Found(number, mine, version)))
                    : List.of(happened);
        }
    }

    /** H4, R11: what a look has shown need not be written again. */
    private static final class LookDecides implements Sabotage {
        private record Seen(ClusterRecord record, ZnodeVersion version) {}

        private final Map<Daemon, Seen> seen = new HashMap<>();

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            if (happened
                            instanceof
                            Event.EnsembleHeard(EnsembleEvent.Found(var _, var record, var version))
                    && record.isPresent()) {
                seen.put(daemon, new Seen(record.get(), version));
            }
            return List.of(happened);
        }

        @Override
        public Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
            var known = seen.get(daemon);
            if (known != null
                    && request instanceof EnsembleRequest.Write(long number, var record, var on)
                    && record.equals(known.record)
                    && on.equals(known.version)) {
                daemon.deliver(
                        new Event.EnsembleHeard(new EnsembleEvent.Written(number, known.version)));
                return Optional.empty();
            }
            return Optional.of(request);
        }
    }

    // ---------------------------------------------------------------- proofs

    /** R6, without a witness: the record does not say who has every acknowledged write. */
    private static final class EverybodyIsAMember extends BrokenRules.Rulings {
        private static final Set<NodeName> BOTH =
                Set.of(new NodeName("dhcp1"), new NodeName("dhcp2"));

        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            var record = state.record();
            return change == Change.TAKE_OVER && record.primary().isPresent()
                    ? honest.rule(
                            change,
                            state.withRecord(
                                    new ClusterRecord(
                                            record.mode(),
                                            record.epoch(),
                                            record.primary(),
                                            BOTH,
                                            record.gen(),
                                            record.requestId())),
                            proof)
                    : honest.rule(change, state, proof);
        }
    }

    // ---------------------------------------------------------------- messages

    private static boolean isWord(ClusterMessage message) {
        return message instanceof ClusterMessage.HandOver
                || message instanceof ClusterMessage.Outdated;
    }

    /**
     * H6, H13, R2: a hand-over, or a word that its sender is outdated, that was on its way when the
     * session broke, comes in a later one, after both have become equal there.
     */
    private static final class MessagesOutliveTheirSession implements Sabotage {
        /** By who is to hear it. */
        private final Map<NodeName, ClusterMessage> underWay = new HashMap<>();

        private final Map<NodeName, ClusterMessage> old = new HashMap<>();
        private final Set<NodeName> due = new HashSet<>();

        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            if (ordered instanceof Effect.SendToPeer(var _, var message) && isWord(message)) {
                underWay.put(daemon.box().other().name(), message);
            }
            return List.of(ordered);
        }

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            var me = daemon.box().name();
            if (happened instanceof Event.SessionOpened && underWay.containsKey(me)) {
                old.put(me, underWay.remove(me));
            }
            if (happened instanceof Event.PeerMessage(long session, var message)) {
                underWay.remove(me, message);
                if (message instanceof ClusterMessage.Grow
                        || message instanceof ClusterMessage.GrowAccepted) {
                    due.add(me);
                } else if (due.remove(me) && old.containsKey(me)) {
                    return List.of(happened, new Event.PeerMessage(session, old.remove(me)));
                }
            }
            return List.of(happened);
        }
    }

    /** H6, H13, R17: whatever record it names, it is about the present one. */
    private static final class WordsNameNothing implements Sabotage {
        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            return happened instanceof Event.PeerMessage(long session, var message)
                    ? List.of(new Event.PeerMessage(session, about(daemon.record(), message)))
                    : List.of(happened);
        }

        private static ClusterMessage about(ClusterRecord record, ClusterMessage message) {
            return switch (message) {
                case ClusterMessage.HandOver(var _, var _, var position) ->
                        new ClusterMessage.HandOver(record.epoch(), record.gen(), position);
                case ClusterMessage.Outdated(var _, var _, var reason) ->
                        new ClusterMessage.Outdated(record.epoch(), record.gen(), reason);
                default -> message;
            };
        }
    }

    // ---------------------------------------------------------------- epochs

    /** H9, R20: whoever starts by its permit goes on as the process before it. */
    private static final class RestartKeepsTheEpoch extends BrokenRules.Rulings {
        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            var ruling = honest.rule(change, state, proof);
            return change == Change.START_ALONE
                            && ruling
                                    instanceof
                                    Ruling.Granted(var _, var permit, var rule, var sentence)
                    ? new Ruling.Granted(state.record(), permit, rule, sentence)
                    : ruling;
        }
    }

    /** H9, R1. */
    private static final class EpochWrittenAgain implements Sabotage {
        @Override
        public boolean writesAnEpochOnce() {
            return false;
        }
    }

    /** H7, R26: what was sent is nowhere here when its process dies. */
    private static final class KillLosesWrites implements Sabotage {
        @Override
        public boolean killKeepsWhatWasWritten() {
            return false;
        }
    }

    /** H9, R10, R23: whoever stands at the same place has the same. */
    private static final class RootsUncompared implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            if (happened instanceof PeerReady(var session, var facts, var check)
                    && check == ReplayCheck.ROOTS_DIFFER) {
                return List.of(new PeerReady(session, facts, ReplayCheck.POSSIBLE));
            }
            return happened instanceof PeerDurable(var session, var upTo, var check)
                            && check == RootCheck.DIFFERENT
                    ? List.of(new PeerDurable(session, upTo, RootCheck.EQUAL))
                    : List.of(happened);
        }
    }

    /** H7, R25: whoever has more than this writer has the same, and more. */
    private static final class TailUnseen implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            return List.of(
                    happened instanceof PeerReady(var session, var facts, var check)
                                    && facts.relation() == Relation.PEER_AHEAD
                            ? new PeerReady(
                                    session,
                                    new PeerFacts(
                                            facts.standing(),
                                            Relation.EQUAL,
                                            facts.common(),
                                            facts.sameBeginning(),
                                            facts.splitBrain()),
                                    check)
                            : happened);
        }
    }

    // ---------------------------------------------------------------- resync

    /** H14, R31: also who is in sync is made equal by a compare. */
    private static final class MembersAreCompared implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            return List.of(
                    happened instanceof PeerReady(var session, var facts, var check)
                                    && check == ReplayCheck.POSSIBLE
                                    && replica.machine().inSync().contains(facts.standing().node())
                            ? new PeerReady(session, facts, ReplayCheck.RECORDS_GONE)
                            : happened);
        }
    }

    /** H14, R31: the old copy is gone when the new one begins to come. */
    private static final class ResyncInPlace implements Sabotage {
        @Override
        public boolean resyncsIntoAShadow() {
            return false;
        }
    }
}
