package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** 200 histories in each build; {@code ops/bin/simulate} plays more. */
class SimulationTest {

    private static final int SEEDS = 200;

    @BeforeAll
    static void letDisksBreakQuietly() {
        ((Logger) LoggerFactory.getLogger("io.leasehold.blockrep")).setLevel(Level.OFF);
    }

    @Test
    void shouldKeepEveryRuleWhateverBreaks() {
        var failovers = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            var outcome = Simulation.run(seed, false);
            assertThat(outcome.violation()).as("simulate --seed %d --trace", seed).isEmpty();
            failovers += outcome.failovers();
        }
        // Boxes that never fail over would keep every rule, too.
        assertThat(failovers).isGreaterThan(2 * SEEDS);
    }

    @Test
    void shouldPlayTheSameHistoryForTheSameSeed() {
        var once = Simulation.run(17, true);
        var again = Simulation.run(17, true);

        assertThat(again).isEqualTo(once);
        assertThat(once.trace()).isNotEmpty();
        assertThat(Simulation.run(17, false).virtualNanos()).isEqualTo(once.virtualNanos());
        assertThat(Simulation.run(18, true).trace()).isNotEqualTo(once.trace());
    }
}
