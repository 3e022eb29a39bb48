package io.leasehold.heartbeat.record.arbiter.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.RequestId;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordTextTest {
    private static final NodeName A = new NodeName("dhcp1");
    private static final NodeName B = new NodeName("dhcp2");

    private static final ClusterRecord RECORD =
            new ClusterRecord(
                    ArbitrationMode.ZOOKEEPER,
                    new Epoch(7),
                    Optional.of(A),
                    Set.of(A, B),
                    new Generation(12),
                    new RequestId(A, 42));

    /** Frozen: older daemons and people with zkCli.sh read this. */
    private static final String TEXT =
            """
            leasehold-record 1
            mode zookeeper
            epoch 7
            primary dhcp1
            in-sync dhcp1 dhcp2
            generation 12
            request dhcp1 42
            """;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void shouldWriteTheseBytes() throws LayoutException {
        assertThat(new String(RecordText.encode(RECORD), StandardCharsets.US_ASCII))
                .isEqualTo(TEXT);
        assertThat(RecordText.decode(bytes(TEXT))).isEqualTo(RECORD);
    }

    @Test
    void shouldKeepARecordWithoutPrimary() throws LayoutException {
        var fresh = ClusterRecord.fresh(ArbitrationMode.ZOOKEEPER, A);

        assertThat(RecordText.decode(RecordText.encode(fresh))).isEqualTo(fresh);
    }

    /** Which a daemon that knows no closed records refuses, as it refuses any other spelling. */
    @ParameterizedTest
    @CsvSource({"FENCING, mode fencing", "OPERATOR, mode operator"})
    void shouldSayThatTheRecordIsClosedByTheModeThatThePairWentOverTo(
            ArbitrationMode mode, String line) throws LayoutException {
        var closed =
                new ClusterRecord(
                        mode,
                        RECORD.epoch(),
                        RECORD.primary(),
                        RECORD.inSync(),
                        RECORD.gen(),
                        RECORD.requestId());

        var text = new String(RecordText.encode(closed), StandardCharsets.US_ASCII);

        assertThat(text).isEqualTo(TEXT.replace("mode zookeeper", line));
        assertThat(RecordText.decode(bytes(text))).isEqualTo(closed);
    }

    @ParameterizedTest
    @CsvSource({
        "leasehold-record 1, leasehold-record 2",
        "mode zookeeper, mode raft",
        "epoch 7, epoch -7",
        "epoch 7, epoch +7",
        "epoch 7, epoch seven",
        "primary dhcp1, primary dhcp3",
        "primary dhcp1, primary",
        "in-sync dhcp1 dhcp2, in-sync dhcp2 dhcp1",
        "in-sync dhcp1 dhcp2, in-sync dhcp1  dhcp2",
        "generation 12, generation 012",
        "request dhcp1 42, request dhcp1",
        "request dhcp1 42, request 42",
    })
    void shouldRefuseWhatItDoesNotWrite(String line, String instead) {
        assertThatThrownBy(() -> RecordText.decode(bytes(TEXT.replace(line, instead))))
                .isInstanceOf(LayoutException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "leasehold-record 1\n", "\n\n\n\n\n\n\n", "x"})
    void shouldRefuseWhatIsNoRecord(String text) {
        assertThatThrownBy(() -> RecordText.decode(bytes(text)))
                .isInstanceOf(LayoutException.class);
    }

    @Test
    void shouldNameTheLine() {
        assertThatThrownBy(() -> RecordText.decode(bytes(TEXT.replace("epoch 7", "epoche 7"))))
                .hasMessageContaining("line 3")
                .hasMessageContaining("epoche 7");
    }
}
