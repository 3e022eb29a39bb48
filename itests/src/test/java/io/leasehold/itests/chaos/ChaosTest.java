package io.leasehold.itests.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.client.AnswerCapture.Answer;
import io.leasehold.itests.lab.client.AnswerCapture.Kind;
import io.leasehold.itests.lab.network.LabNode;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChaosTest {
    private static Answer dhcp(LabNode from, long atMillis) {
        return new Answer(from, Kind.DHCP, atMillis * 1_000_000);
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
