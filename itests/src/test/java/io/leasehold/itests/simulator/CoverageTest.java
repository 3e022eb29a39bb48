package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.session.SessionProtocol;
import io.leasehold.heartbeat.fencing.FencingSequence;
import io.leasehold.heartbeat.membership.LinkState;
import io.leasehold.heartbeat.membership.PeerState;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord;
import io.leasehold.heartbeat.resource.ResourceState;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class CoverageTest {
    private static final int SEEDS = 40;

    @BeforeAll
    static void letDisksBreakQuietly() {
        ((Logger) LoggerFactory.getLogger("io.leasehold.blockrep")).setLevel(Level.OFF);
    }

    private static Drawing drawing(String machine) {
        return Drawing.all().stream()
                .filter(each -> each.machine().equals(machine))
                .findFirst()
                .orElseThrow();
    }

    @Nested
    class AHistory {
        @Test
        void shouldTakeNoTransitionThatIsNotDrawn() {
            var coverage = new Coverage();
            for (long seed = 1; seed <= SEEDS; seed++) {
                assertThat(Simulation.run(seed, coverage).violation()).isEmpty();
            }
            for (var machine : coverage.machines()) {
                assertThat(machine.notDrawn()).as(machine.name()).isEmpty();
                assertThat(machine.covered()).as(machine.name()).isPositive();
            }
        }

        @Test
        void shouldNotBeChangedByCounting() {
            var counted = Simulation.run(17, new Coverage());

            assertThat(counted).isEqualTo(Simulation.run(17, false));
        }
    }

    @Nested
    class ADrawing {
        @Test
        void shouldHaveEveryStateOfItsMachine() {
            assertStates("peer", PeerState.values());
            assertStates("link", LinkState.values());
            assertStates("fencing", FencingSequence.Phase.values());
            assertStates("resource", ResourceState.values());
            assertStates("ensemble", EnsembleRecord.Stage.values());
            assertStates("copy", Standing.values());
            assertStates("session", SessionProtocol.Phase.values());
            assertThat(
                            drawing("replication").states().stream()
                                    .map(state -> state.substring(state.indexOf('-') + 1))
                                    .collect(Collectors.toSet()))
                    .containsExactlyInAnyOrderElementsOf(names(ReplicationState.values()));
        }

        private static void assertStates(String machine, Enum<?>[] states) {
            assertThat(drawing(machine).states())
                    .as(machine)
                    .containsExactlyInAnyOrderElementsOf(names(states));
        }

        private static List<String> names(Enum<?>[] states) {
            return Arrays.stream(states).map(Enum::name).toList();
        }
    }

    @Nested
    class AStepThatPassesSeveralStates {
        @Test
        void shouldCountEachTransitionOnTheOnlyShortestWay() {
            assertThat(drawing("fencing").way("IDLE", "RUNNING"))
                    .hasValue(
                            List.of(
                                    new Drawing.Edge("IDLE", "DELAYING"),
                                    new Drawing.Edge("DELAYING", "RUNNING")));
        }

        @Test
        void shouldCountNothingIfThereAreSeveral() {
            // By way of STARTING, or of STARTED.
            assertThat(drawing("resource").way("STOPPED", "STOPPING")).isEmpty();
        }

        @Test
        void shouldCountNothingWithoutAWay() {
            assertThat(drawing("resource").way("STOP_FAILED", "STARTED")).isEmpty();
        }
    }
}
