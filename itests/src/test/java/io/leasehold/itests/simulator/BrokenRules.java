package io.leasehold.itests.simulator;

import io.leasehold.blockrep.replication.Event.RecordChanged;
import io.leasehold.blockrep.replication.Event.SessionClosed;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The rules that keep PROTOCOL.md's broken histories from happening, each switched off: by
 * falsifying what the production cores are told, or what becomes of what they order.
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
            default -> throw new IllegalArgumentException("no such rule: " + name);
        };
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

    /** H5, R16, R4: a session that is over is as good as a record. */
    private static final class SoloAtOnce implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            var machine = replica.machine();
            return happened instanceof SessionClosed && machine.role() == Role.PRIMARY
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
    private static final class OldFenceCounts implements Sabotage {
        private boolean fenced;

        @Override
        public List<Event> told(Daemon daemon, Event happened) {
            fenced |= happened instanceof Event.FenceResult(var _, FenceOutcome.Confirmed _);
            return List.of(happened);
        }

        @Override
        public Arbiter arbiter(Arbiter honest) {
            return new Arbiter() {
                @Override
                public ArbitrationMode mode() {
                    return honest.mode();
                }

                @Override
                public Ruling rule(Change change, DurableState state, Optional<Proof> proof) {
                    return honest.rule(
                            change,
                            state,
                            fenced && change == Change.GO_ALONE
                                    ? proof.or(() ->
                                            Optional.of(
                                                    new Proof.PowerReadOff(
                                                            state.record().epoch(),
                                                            state.record().gen(),
                                                            "it was fenced")))
                                    : proof);
                }
            };
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
}
