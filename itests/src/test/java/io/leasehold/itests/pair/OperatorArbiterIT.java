package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.network.LabNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pair without any fence device: a person looks, and says that a node has no power. */
@Timeout(240)
class OperatorArbiterIT {
    private static final String NAME = "operator-it";

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME, LabOptions.DEFAULT.withArbiter(LabOptions.Arbiter.OPERATOR));
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @Test
    void shouldTakeOverWhenAPersonSaysThatThePrimaryHasNoPower() throws Exception {
        var lost = pair.primary();
        var survivor = lost.peer();
        assertRefused(survivor, "confirm-fenced", lost.label(), "--yes");

        pair.underLoad(() -> {
            pair.node(lost).powerOff();
            pair.eventually(
                    "the survivor to ask for a person",
                    () ->
                            assertThat(pair.status(survivor).path("alarms").toString())
                                    .contains("confirm-fenced " + lost.label()));
            assertThat(pair.pair().mountedOn()).as("nobody takes over unasked").isEmpty();
            // While the replication session is not known to have ended, it is refused.
            pair.eventually(
                    "the person's word to be taken",
                    () -> pair.order(survivor, "confirm-fenced", lost.label(), "--yes"));
            pair.pair().awaitServing(survivor);
        });

        pair.assertNoLeaseIsMissing();
        pair.node(lost).powerOn();
        pair.awaitHealthy();
        pair.assertHealthyAndNothingLost();
        assertThat(pair.primary()).isEqualTo(survivor);
    }

    /** It is heard: what the person says cannot be so. */
    private static void assertRefused(LabNode node, String... command) throws Exception {
        var result = pair.pair().clusterctl(node, command);
        assertThat(result.exitStatus()).as(result.output() + result.errors()).isEqualTo(3);
    }
}
