package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.address.VirtualAddress;
import java.net.Inet4Address;
import org.junit.jupiter.api.Test;

class AddressKeepingTest {
    private static final VirtualAddress VIP =
            new VirtualAddress("eth0", Inet4Address.ofLiteral("192.0.2.10"), 24);
    private static final long SECOND = 1_000_000_000;

    private long now = Long.MAX_VALUE - 2 * SECOND;
    private final AddressKeeping keeping = new AddressKeeping();

    @Test
    void shouldRenewNothingBeforeSomethingIsHeld() {
        assertThat(keeping.due(true, now)).isEmpty();
        assertThat(keeping.nextRenewalNanos(true)).isEmpty();
    }

    @Test
    void shouldRenewOnceASecondWhileTheServiceStartsBehindTheShutGate() {
        keeping.hold(VIP, now);

        assertThat(keeping.nextRenewalNanos(false)).hasValue(now + SECOND);
        assertThat(after(SECOND - 1, false)).isFalse();
        assertThat(after(1, false)).isTrue();
        assertThat(after(1, false)).isFalse();
    }

    @Test
    void shouldNotRenewOnceTheGateIsShutAgain() {
        keeping.hold(VIP, now);
        assertThat(after(SECOND, true)).isTrue();

        assertThat(after(SECOND, false)).isFalse();
        assertThat(keeping.nextRenewalNanos(false)).isEmpty();
    }

    @Test
    void shouldGiveItBackAtOnceWhenTheGateOpensAfterALongTime() {
        keeping.hold(VIP, now);
        after(SECOND, true);
        after(10 * SECOND, false);

        assertThat(after(0, true)).isTrue();
        assertThat(keeping.nextRenewalNanos(true)).hasValue(now + SECOND);
    }

    @Test
    void shouldNotGiveItBackAfterTheKeeperItselfStoodStillAndLostTheGate() {
        keeping.hold(VIP, now);
        after(SECOND, true);

        // Woken up: the gate has lapsed.
        assertThat(after(60 * SECOND, false)).isFalse();
    }

    @Test
    void shouldForgetWhatIsReleased() {
        keeping.hold(VIP, now);

        assertThat(keeping.release()).contains(VIP);
        assertThat(keeping.release()).isEmpty();
        assertThat(after(SECOND, true)).isFalse();
    }

    @Test
    void shouldGoOnWhenASecondDaemonHoldsTheSame() {
        keeping.hold(VIP, now);
        after(SECOND, true);

        keeping.hold(VIP, now);

        assertThat(after(SECOND, false)).as("the gate was open before").isFalse();
    }

    private boolean after(long nanos, boolean gateOpen) {
        now += nanos;
        return keeping.due(gateOpen, now).isPresent();
    }
}
