package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.leasehold.blockrep.replication.Event.FlushWanted;
import io.leasehold.blockrep.replication.Event.LocallyDurable;
import io.leasehold.blockrep.replication.Event.PeerDurable;
import io.leasehold.blockrep.replication.Event.PeerReady;
import io.leasehold.blockrep.replication.Event.RecordChanged;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Event.SessionClosed;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.heartbeat.controller.ClusterMessage;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Ruling;
import io.leasehold.heartbeat.record.Standing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Tests the tester: breaks one rule at a time and looks after how many histories the simulator
 * notices. {@code -Dmutants.write=true} writes the table into {@code ops/docs/verification.md}.
 */
class MutantsTest {

    private static final int SEEDS_MAX = 2_000;
    private static final Path DOCUMENT = Path.of("../ops/docs/verification.md");
    private static final String BEGIN = "<!-- mutants: written by MutantsTest -->\n";
    private static final String END = "<!-- end of mutants -->\n";

    private record Mutant(String rule, String how, Sabotage sabotage) {}

    private static List<Mutant> mutants() {
        return List.of(
                new Mutant("R1", "a promotion keeps the epoch that it found", new SameEpoch()),
                new Mutant(
                        "R3",
                        "the peer's acknowledgement is taken for granted",
                        new VolumeTold() {
                            @Override
                            List<io.leasehold.blockrep.replication.Event> told(
                                    Replica replica, FlushWanted wanted) {
                                var told = new ArrayList<io.leasehold.blockrep.replication.Event>();
                                told.add(wanted);
                                replica.machine()
                                        .session()
                                        .ifPresent(session ->
                                                told.add(
                                                        new PeerDurable(
                                                                session,
                                                                wanted.upTo(),
                                                                RootCheck.UNKNOWN)));
                                return told;
                            }
                        }),
                new Mutant("R4", "a primary that lost its session goes on alone", new SoloAtOnce()),
                new Mutant(
                        "R6",
                        "an outdated copy counts as up to date",
                        new Rulings() {
                            @Override
                            Ruling rule(
                                    Arbiter honest,
                                    Change change,
                                    DurableState state,
                                    Optional<Proof> proof) {
                                return honest.rule(
                                        change,
                                        state.standing() == Standing.OUTDATED
                                                ? state.withStanding(Standing.UP_TO_DATE)
                                                : state,
                                        proof);
                            }
                        }),
                new Mutant("R5, R7, R37", "silence is a proof", new SilenceIsProof()),
                new Mutant(
                        "R10",
                        "the peer enters inSync when it is met",
                        new Effects() {
                            @Override
                            List<Effect> of(Daemon daemon, Effect effect) {
                                if (effect
                                        instanceof
                                        Effect.SendToPeer(var session, ClusterMessage.Hello _)) {
                                    daemon.deliver(new Event.GrowWanted(session, 0));
                                }
                                return List.of(effect);
                            }
                        }),
                new Mutant(
                        "R16",
                        "outdated is said, but not written",
                        new Effects() {
                            @Override
                            List<Effect> of(Daemon daemon, Effect effect) {
                                return effect instanceof Effect.PersistState(var state)
                                                && state.standing() == Standing.OUTDATED
                                        ? List.of(
                                                new Effect.PersistState(
                                                        state.withStanding(Standing.UP_TO_DATE)))
                                        : List.of(effect);
                            }
                        }),
                new Mutant(
                        "R17",
                        "handed over before anything is stopped",
                        new Effects() {
                            @Override
                            List<Effect> of(Daemon daemon, Effect effect) {
                                return effect
                                                instanceof
                                                Effect.SendToPeer(
                                                        var session,
                                                        ClusterMessage.HandOverComing(var epoch))
                                        ? List.of(
                                                effect,
                                                new Effect.SendToPeer(
                                                        session,
                                                        new ClusterMessage.HandOver(
                                                                epoch,
                                                                daemon.record().gen(),
                                                                Position.EMPTY)))
                                        : List.of(effect);
                            }
                        }),
                new Mutant(
                        "R18, R19",
                        "a power-on looks like a restart of the daemon",
                        new Sabotage() {
                            @Override
                            public BootId bootId(BootId honest) {
                                return new BootId("always the same");
                            }
                        }),
                new Mutant("R20", "every node holds the solo permit when it starts", new Permit()),
                new Mutant("R22, R25", "a diverged tail is taken for a prefix", new NoTail()),
                new Mutant(
                        "R26",
                        "what was synced is not durable",
                        new Sabotage() {
                            @Override
                            public boolean diskSyncs() {
                                return false;
                            }
                        }),
                new Mutant(
                        "R27",
                        "a restarted primary continues without the peer's promise",
                        new Effects() {
                            @Override
                            List<Effect> of(Daemon daemon, Effect effect) {
                                if (effect
                                        instanceof
                                        Effect.SendToPeer(
                                                var session,
                                                ClusterMessage.PromiseRequest request)) {
                                    daemon.deliver(
                                            new Event.PeerMessage(
                                                    session,
                                                    new ClusterMessage.Promised(
                                                            request.epoch(), Standing.UP_TO_DATE)));
                                    return List.of();
                                }
                                return List.of(effect);
                            }
                        }),
                new Mutant(
                        "R28",
                        "to meet the peer counts as its word that it is outdated",
                        new Effects() {
                            @Override
                            List<Effect> of(Daemon daemon, Effect effect) {
                                if (effect
                                        instanceof
                                        Effect.SendToPeer(var session, ClusterMessage.Hello said)) {
                                    daemon.deliver(
                                            new Event.PeerMessage(
                                                    session,
                                                    new ClusterMessage.Outdated(
                                                            said.record().epoch(),
                                                            said.record().gen(),
                                                            ClusterMessage.OutdatedReason.TARGET)));
                                }
                                return List.of(effect);
                            }
                        }),
                new Mutant(
                        "R38",
                        "demoted while openers can still write",
                        new Effects() {
                            @Override
                            List<Effect> of(Daemon daemon, Effect effect) {
                                if (effect
                                                instanceof
                                                Effect.StopResource(var action, var resource, _)
                                        && resource.equals(Machine.VOLUME)) {
                                    daemon.deliver(new Event.ResourceStopped(action, resource));
                                    return List.of();
                                }
                                return List.of(effect);
                            }
                        }),
                new Mutant(
                        "R33",
                        "an operation is complete before it is durable here",
                        new VolumeTold() {
                            @Override
                            List<io.leasehold.blockrep.replication.Event> told(
                                    Replica replica, FlushWanted wanted) {
                                return List.of(wanted, new LocallyDurable(wanted.upTo()));
                            }
                        }),
                new Mutant(
                        "R34",
                        "a fence device that cannot be reached has fenced",
                        new Sabotage() {
                            @Override
                            public FenceOutcome fenced(FenceOutcome honest) {
                                return new FenceOutcome.Confirmed("no answer");
                            }
                        }));
    }

    @Test
    void shouldNoticeEveryBrokenRule() throws IOException {
        ((Logger) LoggerFactory.getLogger("io.leasehold.blockrep")).setLevel(Level.OFF);
        var table = new StringBuilder("| rule | mutant | caught by | after histories |\n");
        table.append("| --- | --- | --- | --- |\n");
        var missed = new ArrayList<String>();
        for (var mutant : mutants()) {
            var caught = Optional.<Simulation.Outcome>empty();
            for (long seed = 1; seed <= SEEDS_MAX && caught.isEmpty(); seed++) {
                caught =
                        Optional.of(Simulation.run(seed, false, mutant.sabotage()))
                                .filter(outcome -> outcome.violation().isPresent());
            }
            if (caught.isEmpty()) {
                missed.add(mutant.rule() + ": " + mutant.how());
            }
            table.append(
                    "| %s | %s | %s | %s |%n"
                            .formatted(
                                    mutant.rule(),
                                    mutant.how(),
                                    caught.map(by -> by.violation().orElseThrow().rule())
                                            .orElse("nothing"),
                                    caught.map(by -> String.valueOf(by.seed()))
                                            .orElse("not in " + SEEDS_MAX)));
        }
        if (Boolean.getBoolean("mutants.write")) {
            var text = Files.readString(DOCUMENT);
            var from = text.indexOf(BEGIN) + BEGIN.length();
            Files.writeString(
                    DOCUMENT, text.substring(0, from) + table + text.substring(text.indexOf(END)));
        }
        assertThat(missed).as("not caught").isEmpty();
    }

    // ---------------------------------------------------------------- how rules are broken

    /** What is done for the controller's effects. */
    private abstract static class Effects implements Sabotage {
        abstract List<Effect> of(Daemon daemon, Effect effect);

        @Override
        public List<Effect> effects(Daemon daemon, Effect ordered) {
            return of(daemon, ordered);
        }
    }

    /** What the replication machine is told when somebody waits for an operation. */
    private abstract static class VolumeTold implements Sabotage {
        abstract List<io.leasehold.blockrep.replication.Event> told(
                Replica replica, FlushWanted wanted);

        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            return happened instanceof FlushWanted wanted
                    ? told(replica, wanted)
                    : List.of(happened);
        }
    }

    /** How changes of the record are ruled. */
    private abstract static class Rulings implements Sabotage {
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
    }

    private static final class SilenceIsProof extends Rulings {
        @Override
        Ruling rule(Arbiter honest, Change change, DurableState state, Optional<Proof> proof) {
            return honest.rule(
                    change,
                    state,
                    proof.or(() ->
                            Optional.of(
                                    new Proof.PowerReadOff(
                                            state.record().epoch(),
                                            state.record().gen(),
                                            "nothing is heard"))));
        }
    }

    private static final class SameEpoch extends Rulings {
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

    private static final class Permit implements Sabotage {
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

    private static final class NoTail implements Sabotage {
        @Override
        public List<io.leasehold.blockrep.replication.Event> volumeEvents(
                Replica replica, io.leasehold.blockrep.replication.Event happened) {
            return happened instanceof PeerReady(var session, var facts, var check)
                            && facts.relation() == Relation.DIVERGED
                    ? List.of(
                            new PeerReady(
                                    session,
                                    new PeerFacts(
                                            facts.standing(),
                                            Relation.PEER_BEHIND,
                                            facts.common(),
                                            false),
                                    check))
                    : List.of(happened);
        }
    }
}
