package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.keeper.GateKeeping.Order.Lapsed;
import io.leasehold.heartbeat.keeper.GateKeeping.Order.Nothing;
import io.leasehold.heartbeat.keeper.GateKeeping.Order.OpenFor;
import io.leasehold.heartbeat.keeper.GateKeeping.Order.Shut;
import org.junit.jupiter.api.Test;

class GateKeepingTest {
    private static final long MILLI = 1_000_000;

    private long now = Long.MAX_VALUE - 200 * MILLI;
    private final GateKeeping gate = new GateKeeping();

    @Test
    void shouldStartShut() {
        assertThat(gate.isOpen()).isFalse();
        assertThat(gate.renew(now)).isEqualTo(new Nothing());
        assertThat(gate.nextRenewalNanos()).isEmpty();
    }

    @Test
    void shouldRenewEveryHundredMillisecondsAndNeverBeyondTheEnd() {
        assertThat(millis(gate.open(now + 450 * MILLI, now))).isEqualTo(280);
        assertThat(gate.nextRenewalNanos()).hasValue(now + 100 * MILLI);
        assertThat(renewAfter(99)).isEqualTo(new Nothing());
        assertThat(millis(renewAfter(1))).isEqualTo(280);
        // Up to 20 ms may pass before the kernel takes an order: the end is not passed by then.
        assertThat(millis(renewAfter(100))).isEqualTo(230);
        assertThat(millis(renewAfter(100))).isEqualTo(130);
        assertThat(millis(renewAfter(100))).isEqualTo(30);
        assertThat(gate.nextRenewalNanos()).hasValue(now + 50 * MILLI);
        assertThat(renewAfter(50)).isEqualTo(new Shut());
        assertThat(gate.isOpen()).isFalse();
        assertThat(renewAfter(100)).isEqualTo(new Nothing());
    }

    @Test
    void shouldProlongAndShorten() {
        millis(gate.open(now + 1_000 * MILLI, now));
        assertThat(millis(gate.open(now + 120 * MILLI, now))).isEqualTo(100);
        assertThat(millis(gate.open(now + 9_000 * MILLI, now))).isEqualTo(280);
    }

    @Test
    void shouldNotOpenForAnEndThatHasPassed() {
        assertThat(gate.open(now - 1, now)).isEqualTo(new Shut());
        assertThat(gate.isOpen()).isFalse();
    }

    @Test
    void shouldNotOpenForAnEndThatMayHavePassedWhenTheKernelTakesTheOrder() {
        assertThat(gate.open(now + 20 * MILLI, now)).isEqualTo(new Shut());
    }

    @Test
    void shouldNotOpenAgainWhatTheKernelHasShut() {
        millis(gate.open(now + 60_000 * MILLI, now));

        assertThat(renewAfter(280)).isEqualTo(new Lapsed(180 * MILLI));
        assertThat(gate.isOpen()).isFalse();
        assertThat(renewAfter(100)).isEqualTo(new Nothing());
    }

    @Test
    void shouldForgiveARenewalThatIsLateButInTime() {
        millis(gate.open(now + 60_000 * MILLI, now));

        assertThat(millis(renewAfter(279))).isEqualTo(280);
    }

    @Test
    void shouldTryAgainAtOnceWhenTheKernelDidNotTakeTheOrder() {
        millis(gate.open(now + 60_000 * MILLI, now));

        assertThat(renewAfter(100)).isInstanceOf(OpenFor.class);
        assertThat(gate.nextRenewalNanos()).hasValue(now);
        assertThat(millis(renewAfter(30))).isEqualTo(280);
        assertThat(gate.nextRenewalNanos()).hasValue(now + 100 * MILLI);
    }

    @Test
    void shouldGiveUpWhenTheKernelTakesNoOrderForAsLongAsAPermissionLasts() {
        millis(gate.open(now + 60_000 * MILLI, now));
        renewAfter(100);
        renewAfter(100);

        assertThat(renewAfter(80)).isEqualTo(new Lapsed(180 * MILLI));
    }

    private GateKeeping.Order renewAfter(long millis) {
        now += millis * MILLI;
        return gate.renew(now);
    }

    /** The kernel takes the order; returns for how long. */
    private long millis(GateKeeping.Order order) {
        var opening = (OpenFor) order;
        gate.opened(opening);
        return opening.millis();
    }
}
