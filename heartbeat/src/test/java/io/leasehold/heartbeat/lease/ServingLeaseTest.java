package io.leasehold.heartbeat.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ServingLeaseTest {

    private final ServingLease lease = new ServingLease(new LeaseTiming(1000, 100));

    @Test
    void shouldEndAMarginBeforeItsLengthCountedFromTheSending() {
        lease.confirm(5000);
        assertThat(lease.untilNanos(5899)).hasValue(5900);
        assertThat(lease.untilNanos(5900)).isEmpty();
    }

    @Test
    void shouldNotBeShortenedByAnOlderConfirmation() {
        lease.confirm(5000);
        lease.confirm(4000);
        assertThat(lease.untilNanos(5000)).hasValue(5900);
    }

    @Test
    void shouldGiveNothingBeforeTheFirstConfirmationOrAfterARevocation() {
        assertThat(lease.untilNanos(0)).isEmpty();
        lease.confirm(5000);
        lease.revoke();
        assertThat(lease.untilNanos(5001)).isEmpty();
    }

    @Test
    void shouldLetTheWinnerWaitForTheLongerOfWinAndPromise() {
        assertThat(lease.silenceProvenNanos(5000, 5300)).isEqualTo(6400);
        assertThat(lease.silenceProvenNanos(5500, 5300)).isEqualTo(6600);
    }

    @Test
    void shouldRefuseAMarginThatLeavesNoLease() {
        assertThatThrownBy(() -> new LeaseTiming(200, 100))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
