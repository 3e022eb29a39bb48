package io.leasehold.heartbeat.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.layout.LayoutException;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StateCodecTest {

    private static final NodeName A = new NodeName("a");

    private static DurableState rich() {
        return DurableState.fresh(ArbitrationMode.FENCING, A, new BootId("b1"))
                .withRecord(
                        new ClusterRecord(
                                ArbitrationMode.FENCING,
                                new Epoch(7),
                                Optional.of(A),
                                Set.of(A),
                                new Generation(12),
                                new RequestId(A, 4)))
                .withPermit()
                .withStanding(Standing.UP_TO_DATE)
                .withWasPrimary(true)
                .withBoot(new BootId("b2"), Optional.of("disk"))
                .withStandby(Optional.of(new Standby(OptionalLong.of(99), "Speicher, größer")))
                .withMaintenance(new Maintenance(3, true))
                .withFailureCounts(Map.of("dhcp", 2))
                .withFence(1234);
    }

    @Test
    void shouldReadWhatItWrote() throws LayoutException {
        assertThat(StateCodec.decode(StateCodec.encode(rich()))).isEqualTo(rich());
    }

    @Test
    void shouldRefuseEverySingleFlippedBitAndEveryShortFile() {
        var good = StateCodec.encode(rich());
        for (var bit = 0; bit < good.length * 8; bit++) {
            var bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThatThrownBy(() -> StateCodec.decode(bad)).isInstanceOf(LayoutException.class);
        }
        for (var length = 0; length < good.length; length++) {
            var shorter = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> StateCodec.decode(shorter))
                    .isInstanceOf(LayoutException.class);
        }
    }

    @Test
    void shouldNotHoldAPermitBesideAPeerInSync() {
        var both =
                new ClusterRecord(
                        ArbitrationMode.FENCING,
                        new Epoch(7),
                        Optional.of(A),
                        Set.of(A, new NodeName("b")),
                        new Generation(13),
                        new RequestId(A, 5));
        assertThat(rich().withRecord(both).permit()).isEmpty();
        assertThatThrownBy(() -> rich().withRecord(both).withPermit())
                .isInstanceOf(IllegalStateException.class);
    }
}
