package io.leasehold.itests.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.leasehold.itests.chaos.Fault.Moment;
import io.leasehold.itests.lab.LabOptions.Arbiter;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ChaosPlanTest {
    private static final Duration PAUSE_MAX = Duration.ofSeconds(60);

    private static ChaosPlan plan(long seed, Arbiter arbiter) {
        return new ChaosPlan(seed, arbiter, PAUSE_MAX);
    }

    private static List<Fault> faults(ChaosPlan plan, int rounds) {
        return IntStream.rangeClosed(1, rounds).mapToObj(plan::fault).toList();
    }

    /** What there is of a fault apart from durations. */
    private static String kind(Fault fault) {
        return fault.toString()
                .replaceAll("[0-9]+ ms", "")
                .replace(" losing what is not synced", "");
    }

    @Test
    void shouldBeTheSameForTheSameSeed() {
        assertThat(faults(plan(7, Arbiter.FENCING), 100))
                .isEqualTo(faults(plan(7, Arbiter.FENCING), 100));
    }

    @Test
    void shouldBeAnotherOneForAnotherSeed() {
        assertThat(faults(plan(7, Arbiter.FENCING), 20))
                .isNotEqualTo(faults(plan(8, Arbiter.FENCING), 20));
    }

    /** So that a round can be played again by itself. */
    @Test
    void shouldNotDependOnWhichRoundsWereAskedForBefore() {
        var whole = faults(plan(7, Arbiter.ZOOKEEPER), 100);
        assertThat(plan(7, Arbiter.ZOOKEEPER).fault(73)).isEqualTo(whole.get(72));
    }

    @ParameterizedTest
    @EnumSource(names = {"FENCING", "ZOOKEEPER"})
    void shouldDealEachKindOncePerDeck(Arbiter arbiter) {
        var plan = plan(20261123, arbiter);
        int kinds = plan.kinds();
        var first = faults(plan, kinds).stream().map(ChaosPlanTest::kind).toList();
        var second = faults(plan, 2 * kinds).stream().skip(kinds).map(ChaosPlanTest::kind).toList();

        assertThat(first).doesNotHaveDuplicates();
        assertThat(second).containsExactlyInAnyOrderElementsOf(first).isNotEqualTo(first);
    }

    @Test
    void shouldStrikeABoxThatLeadsTheEnsemble() {
        var plan = plan(1, Arbiter.ZOOKEEPER);

        assertThat(faults(plan, plan.kinds()))
                .filteredOn(Fault.PowerOff.class::isInstance)
                .extracting(fault -> ((Fault.PowerOff) fault).when().moment())
                .contains(Moment.LEADING);
    }

    @Test
    void shouldStrikeAtEachMomentAndHoldFromATenthOfASecondToTheLongestPause() {
        var plan = plan(1, Arbiter.FENCING);
        var faults = faults(plan, 20 * plan.kinds());

        assertThat(faults)
                .filteredOn(Fault.Kill.class::isInstance)
                .extracting(fault -> ((Fault.Kill) fault).when().moment())
                .contains(
                        Moment.CALM,
                        Moment.REWRITE,
                        Moment.RESYNC,
                        Moment.TAKEOVER,
                        Moment.FAILOVER);
        var pauses =
                faults.stream()
                        .filter(Fault.Pause.class::isInstance)
                        .map(Fault::lasting)
                        .sorted()
                        .toList();
        assertThat(pauses.getFirst()).isBetween(ChaosPlan.PAUSE_MIN, Duration.ofSeconds(1));
        assertThat(pauses.getLast()).isBetween(Duration.ofSeconds(20), PAUSE_MAX);
    }

    @Test
    void shouldKeepEverythingShortIfPausesMustBe() {
        var most = Duration.ofSeconds(2);
        var plan = new ChaosPlan(1, Arbiter.FENCING, most);
        assertThat(faults(plan, 5 * plan.kinds()))
                .allSatisfy(fault -> assertThat(fault.lasting()).isLessThanOrEqualTo(most));
    }

    @Test
    void shouldRefuseAnArbiterThatNeedsAPerson() {
        assertThatIllegalArgumentException().isThrownBy(() -> plan(1, Arbiter.OPERATOR));
    }
}
