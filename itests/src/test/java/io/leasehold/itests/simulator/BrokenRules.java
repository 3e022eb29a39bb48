package io.leasehold.itests.simulator;

import io.leasehold.blockrep.replication.Event.Demoted;
import io.leasehold.blockrep.replication.Event.FlushWanted;
import io.leasehold.blockrep.replication.Event.LocallyDurable;
import io.leasehold.blockrep.replication.Event.PeerDurable;
import io.leasehold.blockrep.replication.Event.PeerReady;
import io.leasehold.blockrep.replication.Event.Promoted;
import io.leasehold.blockrep.replication.Event.RecordChanged;
import io.leasehold.blockrep.replication.Event.ReplayCheck;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Event.SessionClosed;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.heartbeat.controller.ClusterConfiguration;
import io.leasehold.heartbeat.controller.ClusterMessage;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The rules, each switched off: by falsifying what the production cores are told, or what becomes
 * of what they order. Those with a name are switched off by stored histories, too.
 */
final class BrokenRules {
    private BrokenRules() {}

    static Sabotage named(String name) {
        return switch (name) {
            case "permit-revoked-before-the-grow" -> new PermitOutlivesTheGrow();
            case "unknown-is-not-assumed" -> new AbsenceIsFinal();
            case "not-mine-means-demote" -> new OwnCopyIsBelieved();
            case "solo-only-by-the-record" -> new SoloAtOnce();
            case "consistent-with-the-new-boot-id" -> new BootIdFirst();
            case "the-permit-follows-the-wait" -> new PermitWithTheWin();
            case "a-proof-is-void-once-the-peer-was-heard" -> new OldFenceCounts();
            case "outdated-only-when-silent" -> new NothingRunsHere();
            case "modes-never-mix" -> new ModesMix();
            case "a-fence-changes-no-record" -> new FenceInsteadOfTheRecord();
            case "acknowledged-by-both" -> new AcknowledgedUnasked();
            case "an-outdated-copy-is-no-source" -> new OutdatedWillDo();
            case "no-answer-is-no-fence" -> new FencedByNoAnswer();
            case "no-shrink-without-the-witness" -> new SoloWithoutTheWitness();
            case "the-witness-knows-who-has-the-data" -> new WhoeverLivesIsInSync();
            case "equal-before-in-sync" -> new GrowWhenMet();
            case "outdated-is-durable" -> new OutdatedUnwritten();
            case "nothing-runs-when-handed-over" -> new HandedOverAtOnce();
            case "a-power-on-is-no-restart" -> new OneBootForEver();
            case "a-sync-that-failed-does-not-count" -> new SyncTriedAgain();
            case "behind-a-sound-secondary" -> new HandicapOfASecondary();
            default -> BrokenDefences.named(name);
        };
    }

    /** All of them switched off at once. */
    static Sabotage named(List<String> names) {
        return new SeveralBroken(names.stream().map(BrokenRules::named).toList());
    }

    /** H1, R10. */
    private static final class PermitOutlivesTheGrow implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            var me = daemon.box().name();
            return ordered instanceof Effect.PersistState(var state)
                            && state.permit().isEmpty()
                            && state.record().isPrimary(me)
                            && state.record().isSole(me)
                            && daemon.controller()
                                    .view(daemon.box().clock().nowNanos())
                                    .verdict()
                                    .contains("serves")
                    ? List.of(new Effect.PersistState(state.withPermit()))
                    : List.of(ordered);
        }
    }

    /** H2, R11: what is not there yet will never be. */
    private static class AbsenceIsFinal implements Sabotage {
        private final Map<Daemon, EnsembleRequest.Write> asked = new HashMap<>();

        @Override
        public Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
            if (request instanceof EnsembleRequest.Write write) {
                asked.put(daemon, write);
            }
            return Optional.of(request);
        }

        final Optional<EnsembleRequest.Write> lastWrite(Daemon daemon) {
            return Optional.ofNullable(asked.get(daemon));
        }

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            return happened
                                    instanceof
                                    Event.EnsembleHeard(EnsembleEvent.Unknown(long number, var _))
                            && lastWrite(daemon)
                                    .filter(write -> write.number() == number)
                                    .isPresent()
                    ? List.of(new Event.EnsembleHeard(new EnsembleEvent.VersionMismatch(number)))
                    : List.of(happened);
        }
    }

    /** H3, R11: another's record is taken for a sign that nothing has changed. */
    private static final class OwnCopyIsBelieved extends AbsenceIsFinal {
        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            var me = daemon.box().name();
            return happened
                                    instanceof
                                    Event.EnsembleHeard(
                                            EnsembleEvent.Found(
                                                    long number,
                                                    var record,
                                                    var version))
                            && daemon.replica().machine().role() == Role.PRIMARY
                            && record.filter(seen -> !seen.isPrimary(me)).isPresent()
                    ? List.of(
                            new Event.EnsembleHeard(
                                    new EnsembleEvent.Found(
                                            number, Optional.of(daemon.record()), version)))
                    : super.told(daemon, happened);
        }
    }

    /** R4, and H5, R16: a session that is over is as good as a record. */
    static class SoloAtOnce implements Sabotage {
        boolean goesOn(Replica replica) {
            return replica.machine().role() == Role.PRIMARY;
        }

        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            var machine = replica.machine();
            return happened instanceof SessionClosed && goesOn(replica)
                    ? List.of(
                            happened,
                            new RecordChanged(
                                    machine.epoch(),
                                    Set.of(replica.self()),
                                    machine.recordGeneration()))
                    : List.of(happened);
        }
    }

    /** H8, R18: the new power-on is durable before the doubt that it brings. */
    private static final class BootIdFirst implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            return ordered instanceof Effect.PersistState(var state)
                            && state.standing() == Standing.CONSISTENT
                            && state.record().isInSync(daemon.box().name())
                    ? List.of(new Effect.PersistState(state.withStanding(Standing.UP_TO_DATE)))
                    : List.of(ordered);
        }
    }

    /** H10, R20. */
    private static final class PermitWithTheWin implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            var me = daemon.box().name();
            return ordered instanceof Effect.PersistState(var state)
                            && state.permit().isEmpty()
                            && state.record().isPrimary(me)
                            && state.record().isSole(me)
                    ? List.of(new Effect.PersistState(state.withPermit()))
                    : List.of(ordered);
        }
    }

    /** H11, R34: whoever was fenced once is off. */
    private static final class OldFenceCounts extends Rulings {
        private boolean fenced;

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            fenced |= happened instanceof Event.FenceResult(var _, FenceOutcome.Confirmed _);
            return List.of(happened);
        }

        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            return honest.rule(
                    change,
                    state,
                    fenced && change == Change.GO_ALONE
                            ? proof.or(() -> Optional.of(readOff(state, "it was fenced")))
                            : proof);
        }
    }

    /** R12: whoever is asked decides, whosever the record is. */
    private static final class ModesMix extends Rulings {
        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            var record = state.record();
            var taken =
                    new ClusterRecord(
                            honest.mode(),
                            record.epoch(),
                            record.primary(),
                            record.inSync(),
                            record.gen(),
                            record.requestId());
            return honest.rule(change, state.withRecord(taken), proof);
        }
    }

    /** H12, P1: a restarted process does not know that its service still runs. */
    private static final class NothingRunsHere implements Sabotage {
        private final Set<String> started = new HashSet<>();

        @Override
        public Optional<DurableState> rights(Optional<DurableState> honest) {
            return honest.map(state -> state.withWasPrimary(false));
        }

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            return happened instanceof Event.Started(var volume, var running) && !running.isEmpty()
                    ? List.of(new Event.Started(volume, Set.of()))
                    : List.of(happened);
        }

        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            var me = daemon.box().name().value();
            if (ordered instanceof Effect.OpenGate) {
                started.add(me);
            }
            return ordered instanceof Effect.CloseGate && started.contains(me)
                    ? new ArrayList<>()
                    : List.of(ordered);
        }
    }

    // ---------------------------------------------------------------- epochs, acknowledgements

    /** R1. */
    static final class SameEpoch extends Rulings {
        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            var ruling = honest.rule(change, state, proof);
            if (change == Change.TAKE_OVER
                    && state.record().epoch().value() > 0
                    && ruling instanceof Ruling.Granted(var won, var permit, var rule, var why)) {
                return new Ruling.Granted(
                        new ClusterRecord(
                                won.mode(),
                                state.record().epoch(),
                                won.primary(),
                                won.inSync(),
                                won.gen(),
                                won.requestId()),
                        permit,
                        rule,
                        why);
            }
            return ruling;
        }
    }

    /** R2. */
    static final class PromisesForgotten implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            return switch (ordered) {
                case Effect.PersistState(var state) ->
                        List.of(
                                new Effect.PersistState(
                                        rewritten(
                                                state,
                                                state.record(),
                                                state.record().epoch(),
                                                state.forcedEpochs())));
                case Effect.PromiseEpoch _ -> List.of();
                default -> List.of(ordered);
            };
        }
    }

    /** R3. */
    static final class AcknowledgedUnasked implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            var session = replica.machine().session();
            return happened instanceof FlushWanted(var upTo) && session.isPresent()
                    ? List.of(happened, new PeerDurable(session.get(), upTo, RootCheck.UNKNOWN))
                    : List.of(happened);
        }
    }

    /** R33. */
    static final class CompleteBeforeDurable implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            return happened instanceof FlushWanted(var upTo)
                    ? List.of(happened, new LocallyDurable(upTo))
                    : List.of(happened);
        }
    }

    /** R8: when it lets go of the role, it answers whoever still waits for the peer. */
    static final class LoserCompletes implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            var machine = replica.machine();
            var events = new ArrayList<io.leasehold.blockrep.replication.Event>();
            if (happened instanceof Demoted && machine.role() == Role.PRIMARY) {
                machine.session().ifPresent(open -> events.add(new SessionClosed(open, "demoted")));
                events.add(
                        new RecordChanged(
                                machine.epoch(),
                                Set.of(replica.self()),
                                machine.recordGeneration()));
            }
            events.add(happened);
            return events;
        }
    }

    // ---------------------------------------------------------------- proofs

    /** How changes of the record are ruled. */
    abstract static class Rulings implements Sabotage {
        abstract Ruling rule(
                Arbiter honest, Change change, DurableState state, Optional<Proof> proof);

        @Override
        public Arbiter arbiter(Arbiter honest) {
            return new Arbiter() {
                @Override
                public ArbitrationMode mode() {
                    return honest.mode();
                }

                @Override
                public Ruling rule(Change change, DurableState state, Optional<Proof> proof) {
                    return Rulings.this.rule(honest, change, state, proof);
                }
            };
        }

        static Proof readOff(DurableState state, String sentence) {
            return new Proof.PowerReadOff(state.record().epoch(), state.record().gen(), sentence);
        }
    }

    /** R5, R7, R37. */
    static final class SilenceIsProof extends Rulings {
        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            return honest.rule(
                    change, state, proof.or(() -> Optional.of(readOff(state, "nothing is heard"))));
        }
    }

    /** R6, R24. */
    static final class OutdatedWillDo extends Rulings {
        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            return honest.rule(
                    change,
                    state.standing() == Standing.OUTDATED
                            ? state.withStanding(Standing.UP_TO_DATE)
                            : state,
                    proof);
        }
    }

    /** R31: as soon as its daemon is another one. */
    static final class InconsistentWillDo implements Sabotage {
        @Override
        public Optional<DurableState> rights(Optional<DurableState> honest) {
            return honest.map(state ->
                    state.standing() == Standing.INCONSISTENT
                            ? state.withStanding(Standing.UP_TO_DATE)
                            : state);
        }
    }

    /** R34. */
    static final class FencedByNoAnswer implements Sabotage {
        @Override
        public FenceOutcome fenced(FenceOutcome honest) {
            return new FenceOutcome.Confirmed("no answer");
        }
    }

    /** What a person configured, as far as it is about fencing. */
    private abstract static class FencingConfigured implements Sabotage {
        abstract FencingConfiguration fencing(FencingConfiguration honest);

        @Override
        public ClusterConfiguration configuration(ClusterConfiguration honest) {
            return new ClusterConfiguration(
                    honest.cluster(),
                    honest.me(),
                    honest.nodes(),
                    honest.mode(),
                    honest.timing(),
                    honest.links(),
                    fencing(honest.fencing()),
                    honest.lease(),
                    honest.resources(),
                    honest.trackInterfaces(),
                    honest.handOverLimitNanos(),
                    honest.leaveLimitNanos());
        }

        static FencingConfiguration with(
                FencingConfiguration honest,
                long secondaryDelayNanos,
                long handicapNanos,
                long loopWindowNanos) {
            return new FencingConfiguration(
                    honest.levels(),
                    honest.primaryDelayNanos(),
                    secondaryDelayNanos,
                    handicapNanos,
                    honest.attemptsMax(),
                    honest.backOffMinNanos(),
                    honest.backOffMaxNanos(),
                    honest.powerOnAfter(),
                    honest.loopMax(),
                    loopWindowNanos);
        }
    }

    /** R35. */
    static final class BothShootAtOnce extends FencingConfigured {
        @Override
        FencingConfiguration fencing(FencingConfiguration honest) {
            return with(
                    honest,
                    honest.primaryDelayNanos(),
                    honest.handicapNanos(),
                    honest.loopWindowNanos());
        }
    }

    /** R35: without its clients a primary waits as long as a sound secondary does. */
    private static final class HandicapOfASecondary extends FencingConfigured {
        @Override
        FencingConfiguration fencing(FencingConfiguration honest) {
            return with(
                    honest,
                    honest.secondaryDelayNanos(),
                    honest.secondaryDelayNanos(),
                    honest.loopWindowNanos());
        }
    }

    /** R36. */
    static final class FencesUncounted extends FencingConfigured {
        @Override
        FencingConfiguration fencing(FencingConfiguration honest) {
            return with(honest, honest.secondaryDelayNanos(), honest.handicapNanos(), 1);
        }
    }

    // ---------------------------------------------------------------- the record, with a witness

    /** R12. */
    static final class FenceInsteadOfTheRecord implements Sabotage {
        private final Set<Daemon> fenced = new HashSet<>();

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            if (happened instanceof Event.FenceResult(var _, FenceOutcome.Confirmed _)) {
                fenced.add(daemon);
            }
            return List.of(happened);
        }

        @Override
        public Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
            if (request instanceof EnsembleRequest.Write(long number, var _, var expected)
                    && fenced.contains(daemon)) {
                daemon.deliver(
                        new Event.EnsembleHeard(
                                new EnsembleEvent.Written(
                                        number, new ZnodeVersion(expected.value() + 1))));
                return Optional.empty();
            }
            return Optional.of(request);
        }
    }

    /** R13. */
    static final class SoloWithoutTheWitness extends SoloAtOnce {
        private final Set<String> connected = new HashSet<>();

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            var me = daemon.box().name().value();
            switch (happened) {
                case Event.EnsembleHeard(EnsembleEvent.Connected()) -> connected.add(me);
                case Event.EnsembleHeard(EnsembleEvent.Suspended _), Event.Started _ ->
                        connected.remove(me);
                default -> {}
            }
            return List.of(happened);
        }

        @Override
        boolean goesOn(Replica replica) {
            return super.goesOn(replica) && !connected.contains(replica.self().value());
        }
    }

    /** R14: whoever asks is named in it. */
    static final class WhoeverLivesIsInSync implements Sabotage {
        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            var me = daemon.box().name();
            if (happened
                            instanceof
                            Event.EnsembleHeard(
                                    EnsembleEvent.Found(long number, var record, var version))
                    && record.filter(seen -> seen.primary().isPresent() && !seen.isInSync(me))
                            .isPresent()) {
                var seen = record.get();
                var both = new TreeSet<>(seen.inSync());
                both.add(me);
                return List.of(
                        new Event.EnsembleHeard(
                                new EnsembleEvent.Found(
                                        number,
                                        Optional.of(
                                                new ClusterRecord(
                                                        seen.mode(),
                                                        seen.epoch(),
                                                        seen.primary(),
                                                        both,
                                                        seen.gen().next(),
                                                        seen.requestId())),
                                        version)));
            }
            return List.of(happened);
        }
    }

    /** R15: while the record says the same, it seems to have been left alone. */
    static final class ConfirmationsUnseen implements Sabotage {
        private record Seen(ClusterRecord record, ZnodeVersion shown, ZnodeVersion real) {}

        private final Map<Daemon, Seen> seen = new HashMap<>();

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            if (happened
                            instanceof
                            Event.EnsembleHeard(
                                    EnsembleEvent.Found(long number, var record, var version))
                    && record.isPresent()) {
                var before = seen.get(daemon);
                var shown =
                        before != null && before.record.equals(record.get())
                                ? before.shown
                                : version;
                seen.put(daemon, new Seen(record.get(), shown, version));
                return List.of(
                        new Event.EnsembleHeard(new EnsembleEvent.Found(number, record, shown)));
            }
            return List.of(happened);
        }

        @Override
        public Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
            var known = seen.get(daemon);
            return request instanceof EnsembleRequest.Write(long number, var record, var expected)
                            && known != null
                            && known.shown.equals(expected)
                    ? Optional.of(new EnsembleRequest.Write(number, record, known.real))
                    : Optional.of(request);
        }
    }

    // ---------------------------------------------------------------- leaving, starting, serving

    /** R10. */
    static final class GrowWhenMet implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            if (ordered instanceof Effect.SendToPeer(var session, ClusterMessage.Hello _)) {
                daemon.deliver(new Event.GrowWanted(session, 0));
            }
            return List.of(ordered);
        }
    }

    /** R16. */
    static final class OutdatedUnwritten implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            return ordered instanceof Effect.PersistState(var state)
                            && state.standing() == Standing.OUTDATED
                    ? List.of(new Effect.PersistState(state.withStanding(Standing.UP_TO_DATE)))
                    : List.of(ordered);
        }
    }

    /** R17. */
    static final class HandedOverAtOnce implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            return ordered
                            instanceof
                            Effect.SendToPeer(var session, ClusterMessage.HandOverComing(var epoch))
                    ? List.of(
                            ordered,
                            new Effect.SendToPeer(
                                    session,
                                    new ClusterMessage.HandOver(
                                            epoch, daemon.record().gen(), Position.EMPTY)))
                    : List.of(ordered);
        }
    }

    /** R18, R19, R36. */
    static final class OneBootForEver implements Sabotage {
        @Override
        public BootId bootId(BootId honest) {
            return new BootId("always the same");
        }
    }

    /** R20. */
    static final class PermitForAll implements Sabotage {
        @Override
        public Optional<DurableState> rights(Optional<DurableState> honest) {
            return honest.filter(state -> state.record().primary().isPresent())
                    .map(state ->
                            state.withRecord(
                                            new ClusterRecord(
                                                    state.record().mode(),
                                                    state.record().epoch(),
                                                    state.record().primary(),
                                                    Set.of(state.record().primary().orElseThrow()),
                                                    state.record().gen(),
                                                    state.record().requestId()))
                                    .withPermit())
                    .or(() -> honest);
        }
    }

    /** R27. */
    static final class ResumesUnasked implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            if (ordered
                    instanceof
                    Effect.SendToPeer(var session, ClusterMessage.PromiseRequest request)) {
                daemon.deliver(
                        new Event.PeerMessage(
                                session,
                                new ClusterMessage.Promised(request.epoch(), Standing.UP_TO_DATE)));
                return List.of();
            }
            return List.of(ordered);
        }
    }

    /** R28. */
    static final class MetIsOutdated implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            if (ordered instanceof Effect.SendToPeer(var session, ClusterMessage.Hello said)) {
                daemon.deliver(
                        new Event.PeerMessage(
                                session,
                                new ClusterMessage.Outdated(
                                        said.record().epoch(),
                                        said.record().gen(),
                                        ClusterMessage.OutdatedReason.TARGET)));
            }
            return List.of(ordered);
        }
    }

    /** R38. */
    static final class DemotedWhileOpen implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            if (ordered instanceof Effect.StopResource(var action, var resource, _)
                    && resource.equals(Machine.VOLUME)) {
                daemon.deliver(new Event.ResourceStopped(action, resource));
                return List.of();
            }
            return List.of(ordered);
        }
    }

    /** R39: as soon as this node is the writer, whatever has not come to the tree yet. */
    static final class ReadsAtOnce implements Sabotage {
        private final Map<String, Daemon> daemons = new HashMap<>();

        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            daemons.put(daemon.box().name().value(), daemon);
            return List.of(ordered);
        }

        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            if (happened instanceof Promoted promoted) {
                Objects.requireNonNull(daemons.get(replica.self().value()))
                        .deliver(new Event.VolumePromoted(new Epoch(promoted.epoch())));
            }
            return List.of(happened);
        }

        @Override
        public boolean applies(Replica replica) {
            // What came last stays in the journal when the session ends.
            return replica.sessionId() != 0;
        }
    }

    // ---------------------------------------------------------------- coming back

    /** What the machine is told of the peer's copy. */
    private abstract static class PeerSeenOtherwise implements Sabotage {
        abstract PeerReady seen(PeerReady honest);

        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            return List.of(happened instanceof PeerReady ready ? seen(ready) : happened);
        }

        /** It has a tail that nobody was told of. */
        static PeerReady mereTail(PeerReady honest) {
            var standing = honest.peer().standing();
            return new PeerReady(
                    honest.session(),
                    new PeerFacts(
                            new io.leasehold.blockrep.replication.Standing(
                                    standing.node(),
                                    standing.device(),
                                    standing.role(),
                                    standing.promisedEpoch(),
                                    standing.lineage(),
                                    standing.last(),
                                    standing.committed(),
                                    standing.root(),
                                    Optional.empty()),
                            Relation.DIVERGED,
                            honest.peer().common(),
                            honest.peer().sameBeginning(),
                            false),
                    ReplayCheck.POSSIBLE);
        }
    }

    /** R22, R25. */
    static final class DivergedIsBehind extends PeerSeenOtherwise {
        @Override
        PeerReady seen(PeerReady honest) {
            var facts = honest.peer();
            return facts.relation() == Relation.DIVERGED
                    ? new PeerReady(
                            honest.session(),
                            new PeerFacts(
                                    facts.standing(),
                                    Relation.PEER_BEHIND,
                                    facts.common(),
                                    facts.sameBeginning(),
                                    false),
                            honest.replay())
                    : honest;
        }
    }

    /** R23. */
    static final class EqualByPlace extends PeerSeenOtherwise {
        @Override
        PeerReady seen(PeerReady honest) {
            return honest.replay() == ReplayCheck.ROOTS_DIFFER
                    ? new PeerReady(honest.session(), honest.peer(), ReplayCheck.POSSIBLE)
                    : honest;
        }
    }

    /** R23. */
    static final class SourceForgets implements Sabotage {
        @Override
        public Changes touchedBySource(Changes honest) {
            return new Changes();
        }
    }

    /** R25. */
    static final class TargetForgets implements Sabotage {
        @Override
        public Changes touchedByTarget(Changes honest) {
            return new Changes();
        }
    }

    /** R29. */
    static final class SplitBrainIsATail extends PeerSeenOtherwise {
        @Override
        PeerReady seen(PeerReady honest) {
            return honest.peer().relation() == Relation.DIVERGED ? mereTail(honest) : honest;
        }
    }

    /** R30. */
    static final class StrangersCompared extends PeerSeenOtherwise {
        @Override
        PeerReady seen(PeerReady honest) {
            return honest.peer().relation() == Relation.UNRELATED ? mereTail(honest) : honest;
        }
    }

    /** R21. */
    static final class ForcedUnmarked implements Sabotage {
        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            return switch (ordered) {
                case Effect.PersistState(var state) ->
                        List.of(
                                new Effect.PersistState(
                                        rewritten(
                                                state,
                                                state.record(),
                                                state.promised(),
                                                new TreeSet<>())));
                case Effect.PromoteVolume(var epoch, var inSync, var gen, var _) ->
                        List.of(new Effect.PromoteVolume(epoch, inSync, gen, new TreeSet<>()));
                default -> List.of(ordered);
            };
        }
    }

    // ---------------------------------------------------------------- disks

    /** R26. */
    static final class DiskForgets implements Sabotage {
        @Override
        public boolean diskSyncs() {
            return false;
        }
    }

    /** R32. */
    static final class SyncTriedAgain implements Sabotage {
        @Override
        public boolean diskSaysThatItFails() {
            return false;
        }
    }

    private static DurableState rewritten(
            DurableState state,
            ClusterRecord record,
            Epoch promised,
            java.util.SortedSet<Epoch> forced) {
        return new DurableState(
                record,
                promised,
                state.bootId(),
                state.deviceId(),
                state.standing(),
                state.wasPrimary(),
                state.permit(),
                state.standby(),
                state.maintenance(),
                state.failureCounts(),
                state.fencesEpochMillis(),
                forced,
                state.lastRequestNumber());
    }
}
