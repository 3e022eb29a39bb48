package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.zookeeper.Ensemble.Published;
import io.leasehold.ops.control.FleetView;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class FleetTest {
    private static final long NOW_MILLIS = 1_800_000_000_000L;
    private static final InstantSource CLOCK = () -> Instant.ofEpochMilli(NOW_MILLIS);

    private static Published said(
            String pair, String node, String level, String primary, long ageMillis) {
        return new Published(
                pair,
                node,
                """
                {"verdict":"%s of %s","level":"%s","primary":"%s","inSync":["dhcp1"],"epoch":7,
                 "epochMillis":%d,"added":"by a later version"}\
                """
                        .formatted(node, pair, level, primary, NOW_MILLIS - ageMillis));
    }

    @Test
    void shouldShowTwoHundredPairsByName() {
        var published = new ArrayList<Published>();
        for (int number = 200; number >= 1; number--) {
            var pair = "pair-%03d".formatted(number);
            published.add(said(pair, "dhcp1", "good", "dhcp1", 1_000));
            published.add(said(pair, "dhcp2", "good", "dhcp1", 500));
        }

        var pairs = Fleet.view(published, CLOCK).pairs();

        assertThat(pairs).hasSize(200);
        assertThat(pairs).extracting(FleetView.Pair::cluster).isSorted();
        assertThat(pairs).extracting(FleetView.Pair::saidBy).containsOnly("dhcp1");
    }

    @Test
    void shouldBelieveThePrimaryRatherThanTheNewerWordOfTheOther() {
        var view =
                Fleet.view(
                        List.of(
                                said("office", "dhcp2", "recovering", "dhcp1", 100),
                                said("office", "dhcp1", "good", "dhcp1", 4_000)),
                        CLOCK);

        assertThat(view.pairs()).extracting(FleetView.Pair::level).containsExactly("good");
    }

    @Test
    void shouldBelieveTheSurvivorWhenThePrimaryHasFallenSilent() {
        var view =
                Fleet.view(
                        List.of(
                                said("office", "dhcp1", "good", "dhcp1", 40_000),
                                said("office", "dhcp2", "recovering", "dhcp1", 900)),
                        CLOCK);

        assertThat(view.pairs().getFirst().saidBy()).isEqualTo("dhcp2");
        assertThat(view.pairs().getFirst().level()).isEqualTo("recovering");
    }

    @Test
    void shouldSayThatAPairIsSilent() {
        var view = Fleet.view(List.of(said("office", "dhcp1", "good", "", 31_000)), CLOCK);

        assertThat(view.pairs().getFirst().level()).isEqualTo("silent");
        assertThat(view.pairs().getFirst().primary()).isEqualTo(Optional.empty());
    }

    @Test
    void shouldPassOverWhatItCannotRead() {
        var view =
                Fleet.view(
                        List.of(
                                new Published("office", "dhcp1", "not JSON"),
                                new Published("office", "dhcp2", "{}"),
                                said("lab", "dhcp1", "good", "dhcp1", 10)),
                        CLOCK);

        assertThat(view.pairs()).extracting(FleetView.Pair::cluster).containsExactly("lab");
    }
}
