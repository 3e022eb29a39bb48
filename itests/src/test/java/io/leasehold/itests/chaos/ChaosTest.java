package io.leasehold.itests.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.leasehold.itests.lab.LabOptions.Arbiter;
import io.leasehold.itests.lab.LabOptions.Profile;
import io.leasehold.itests.lab.client.AnswerCapture.Answer;
import io.leasehold.itests.lab.client.AnswerCapture.Kind;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChaosTest {
    private static Answer dhcp(LabNode from, long atMillis) {
        return new Answer(from, Kind.DHCP, atMillis * 1_000_000);
    }

    private static Chaos.Request request(Profile profile, int first, int rounds) {
        return new Chaos.Request(
                new LabName("chaos"),
                Arbiter.ZOOKEEPER,
                profile,
                7,
                first,
                rounds,
                Duration.ofSeconds(5),
                false);
    }

    @Test
    void shouldSayWhatPlaysARoundAgain() {
        assertThat(request(Profile.FAST, 3, 10).again(5))
                .isEqualTo(
                        "ops/bin/lab chaos --seed 7 --first 3 --rounds 3 --arbiter zookeeper"
                                + " --profile fast --pause-max 5000ms");
    }

    @Test
    void shouldRefuseToPlayNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> request(Profile.DEFAULT, 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> request(Profile.DEFAULT, 0, 1));
    }

    @Test
    void shouldFindTwoThatServeAtOnce() {
        assertThat(
                        Chaos.overlaps(
                                List.of(
                                        dhcp(LabNode.DHCP1, 0),
                                        dhcp(LabNode.DHCP2, 10),
                                        dhcp(LabNode.DHCP1, 20))))
                .singleElement()
                .asString()
                .contains("two served", "dhcp1", "dhcp2", "20 ms");
    }

    @Test
    void shouldAcceptThatTheServiceMovesThereAndBack() {
        assertThat(
                        Chaos.overlaps(
                                List.of(
                                        dhcp(LabNode.DHCP1, 0),
                                        dhcp(LabNode.DHCP2, 500),
                                        dhcp(LabNode.DHCP2, 520),
                                        dhcp(LabNode.DHCP1, 1_000))))
                .isEmpty();
    }
}
