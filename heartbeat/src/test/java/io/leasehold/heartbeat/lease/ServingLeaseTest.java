package io.leasehold.heartbeat.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        assertThat(lease.silenceProvenNanos(5300)).isEqualTo(6400);
    }

    @Test
    void shouldRefuseAMarginThatLeavesNoLease() {
        assertThatThrownBy(() -> new LeaseTiming(200, 100))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** The arithmetic of the drawing at {@link LeaseTiming}, with the worst of everything. */
    @ParameterizedTest
    @ValueSource(longs = {LeaseTiming.LENGTH_NANOS_MIN, 2_000_000_000L, 240_000_000_000L})
    void shouldLetTheSurvivorBeginOnlyWhenTheLastPacketOfAHolderWithASlowClockHasArrived(
            long lengthNanos) {
        var timing = LeaseTiming.ofLength(lengthNanos);
        var holder = new ServingLease(timing);
        long sent = 0;
        holder.confirm(sent);
        long holdersEnd = holder.untilNanos(sent).orElseThrow();
        long survivorsBegin = new ServingLease(timing).silenceProvenNanos(sent);
        double apart = LeaseTiming.DRIFT_PARTS_PER_MILLION / 1e6;

        // In true time: the holder's clock is slow by half of it, the survivor's fast by the other.
        double lastPacket = holdersEnd * (1 + apart / 2) + LeaseTiming.LATENESS_NANOS;
        double firstPacket = survivorsBegin * (1 - apart / 2);

        assertThat(firstPacket).isGreaterThan(lastPacket);
    }

    @Test
    void shouldRefuseALeaseThatItsMarginCannotCover() {
        assertThatThrownBy(() -> LeaseTiming.ofLength(LeaseTiming.LENGTH_NANOS_MIN - 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
