package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.network.Link;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Cables that are pulled, one at a time. */
@Timeout(240)
class LinkIT {
    private static final String NAME = "link-it";

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair = PairInLab.up(NAME);
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        for (var link : new Link[] {Link.CROSSOVER, Link.LAN_DHCP1, Link.LAN_DHCP2}) {
            pair.lab().heal(link);
        }
        pair.assertHealthyAndNothingLost();
    }

    @Test
    void shouldServeAloneWhenTheReplicationLinkIsCutAndGrowAgain() throws Exception {
        pair.underLoad(() -> pair.lab().cut(Link.CROSSOVER));

        pair.eventually(
                "the primary to serve alone",
                () ->
                        assertThat(PairInLab.names(pair.status(pair.primary()).path("inSync")))
                                .containsExactly(pair.primary().label()));
        pair.assertNoLeaseIsMissing();
        pair.assertEverybodyKeepsTheAddress();
        var ready = pair.pair().clusterctl(pair.primary(), "ready");
        assertThat(ready.exitStatus()).as(ready.output()).isEqualTo(4);

        pair.lab().heal(Link.CROSSOVER);
        pair.powerOnWhoIsOff();
        pair.awaitHealthy();
    }

    @Test
    void shouldOnlyWarnWhenTheSecondaryLosesTheClientNetwork() throws Exception {
        var primary = pair.primary();
        var boots = pair.bootIds();
        long epoch = pair.epoch();

        pair.underLoad(() -> pair.lab().cut(Link.lan(primary.peer())));

        pair.eventually(
                "the cut to be seen",
                () -> {
                    for (var link : pair.status(primary).path("links")) {
                        if (link.path("name").asText().equals("lan")) {
                            assertThat(link.path("state").asText()).isNotEqualTo("up");
                        }
                    }
                });
        pair.assertEverybodyKeepsTheAddress();
        assertThat(PairInLab.names(pair.status(primary).path("inSync"))).hasSize(2);
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.epoch()).isEqualTo(epoch);
        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
    }

    @Test
    void shouldHandOverWhenThePrimaryLosesTheClientNetwork() throws Exception {
        var first = pair.primary();
        var boots = pair.bootIds();

        pair.underLoad(() -> {
            pair.lab().cut(Link.lan(first));
            pair.pair().awaitServing(first.peer());
        });

        assertThat(pair.bootIds()).as("nobody was fenced").isEqualTo(boots);
        pair.assertNoLeaseIsMissing();
        var ready = pair.pair().clusterctl(first.peer(), "ready");
        assertThat(ready.exitStatus()).isEqualTo(4);
        assertThat(ready.output()).contains(first.label() + " has lost its client network");
    }

    @Test
    void shouldCountWhatAStrangerSendsAndChangeNothing() throws Exception {
        var primary = pair.primary();
        var boots = pair.bootIds();
        long epoch = pair.epoch();
        var before = rejected(primary);

        pair.underLoad(() -> {
            try (var stranger = Stranger.on(pair.lab(), primary)) {
                stranger.replay();
                stranger.forge();
                stranger.truncate();
                stranger.sendFromItsOwnAddress();
            }
        });

        pair.eventually(
                "all of it to be counted",
                () -> {
                    for (var cause : List.of("replayed", "forged", "truncated", "foreign-source")) {
                        assertThat(rejected(primary).path(cause).asLong())
                                .as(cause)
                                .isGreaterThan(before.path(cause).asLong());
                    }
                });
        assertThat(lan(primary).path("state").asText()).isEqualTo("up");
        assertThat(pair.primary()).isEqualTo(primary);
        assertThat(pair.epoch()).isEqualTo(epoch);
        assertThat(pair.bootIds()).isEqualTo(boots);
    }

    private static JsonNode rejected(LabNode node) throws Exception {
        return lan(node).path("rejected");
    }

    private static JsonNode lan(LabNode node) throws Exception {
        for (var link : pair.pair().json(node, "links").path("links")) {
            if (link.path("name").asText().equals("lan")) {
                return link;
            }
        }
        throw new AssertionError("no link named lan");
    }
}
