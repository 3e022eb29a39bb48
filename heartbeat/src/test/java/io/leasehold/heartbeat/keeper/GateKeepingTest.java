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
        assertThat(gate.open(now + 450 * MILLI, now)).isEqualTo(new OpenFor(300));
        assertThat(gate.nextRenewalNanos()).hasValue(now + 100 * MILLI);
        assertThat(renewAfter(99)).isEqualTo(new Nothing());
        assertThat(renewAfter(1)).isEqualTo(new OpenFor(300));
        assertThat(renewAfter(100)).isEqualTo(new OpenFor(250));
        assertThat(renewAfter(100)).isEqualTo(new OpenFor(150));
        assertThat(renewAfter(100)).isEqualTo(new OpenFor(50));
        assertThat(gate.nextRenewalNanos()).hasValue(now + 50 * MILLI);
        assertThat(renewAfter(50)).isEqualTo(new Shut());
        assertThat(gate.isOpen()).isFalse();
        assertThat(renewAfter(100)).isEqualTo(new Nothing());
    }

    @Test
    void shouldProlongAndShorten() {
        gate.open(now + 1_000 * MILLI, now);
        assertThat(gate.open(now + 120 * MILLI, now)).isEqualTo(new OpenFor(120));
        assertThat(gate.open(now + 9_000 * MILLI, now)).isEqualTo(new OpenFor(300));
    }

    @Test
    void shouldNotOpenForAnEndThatHasPassed() {
        assertThat(gate.open(now - 1, now)).isEqualTo(new Shut());
        assertThat(gate.isOpen()).isFalse();
    }

    @Test
    void shouldNotOpenAgainWhatTheKernelHasShut() {
        gate.open(now + 60_000 * MILLI, now);

        assertThat(renewAfter(300)).isEqualTo(new Lapsed(200 * MILLI));
        assertThat(gate.isOpen()).isFalse();
        assertThat(renewAfter(100)).isEqualTo(new Nothing());
    }

    @Test
    void shouldForgiveARenewalThatIsLateButInTime() {
        gate.open(now + 60_000 * MILLI, now);

        assertThat(renewAfter(299)).isEqualTo(new OpenFor(300));
    }

    private GateKeeping.Order renewAfter(long millis) {
        now += millis * MILLI;
        return gate.renew(now);
    }
}
