package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.controller.View;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.ops.control.ReadyView;
import io.leasehold.ops.control.SampleViews;
import io.leasehold.ops.control.StatusView;
import io.leasehold.ops.control.VolumeView;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ViewsTest {
    private static final NodeName SELF = new NodeName("dhcp1");

    private static StatusView status(
            String verdict,
            View.Level level,
            Optional<String> refusal,
            Optional<String> divergence,
            OptionalLong foundDifferent) {
        var sample = SampleViews.volume(Optional.empty());
        var volume =
                new VolumeView(
                        sample.role(),
                        sample.disk(),
                        sample.diskFailure(),
                        sample.connection(),
                        sample.replication(),
                        sample.mountPoint(),
                        sample.directory(),
                        sample.promisedEpoch(),
                        sample.lastSequence(),
                        sample.durableSequence(),
                        sample.committedSequence(),
                        sample.peerSequence(),
                        sample.equalSequence(),
                        sample.frozenMillis(),
                        sample.frozenReason(),
                        refusal,
                        divergence,
                        sample.resync(),
                        foundDifferent,
                        sample.lastResync());
        return Views.status(view(verdict, level, List.of()), SELF, volume, List.of(), List.of(), 0);
    }

    private static View view(String verdict, View.Level level, List<View.Check> checks) {
        return new View(
                "office",
                verdict,
                level,
                List.of(),
                checks,
                ClusterRecord.fresh(ArbitrationMode.FENCING, SELF),
                false,
                List.of(),
                List.of(),
                List.of(),
                Optional.empty(),
                new View.Gate(OptionalLong.empty()),
                List.of());
    }

    /** Copies that differed are equal again by then, so nothing else would tell. */
    @Test
    void shouldNotCallAPairGoodWhoseCopiesDiffered() {
        var status =
                status(
                        "dhcp1 serves.",
                        View.Level.GOOD,
                        Optional.empty(),
                        Optional.of("at operation 7: the roots"),
                        OptionalLong.empty());

        assertThat(status.level()).isEqualTo(StatusView.Level.DEGRADED);
        assertThat(status.verdict())
                .startsWith("dhcp1 serves. The copies differed at operation 7: the roots")
                .contains("branches list", "volume verify");
    }

    /** Also after a restart of the daemon, which does not know any more what was found. */
    @Test
    void shouldSayWhatMakesCopiesEqualThatDiffer() {
        var status =
                status(
                        "dhcp1 serves.",
                        View.Level.GOOD,
                        Optional.empty(),
                        Optional.empty(),
                        OptionalLong.of(7));

        assertThat(status.level()).isEqualTo(StatusView.Level.DEGRADED);
        assertThat(status.verdict())
                .startsWith("dhcp1 serves. The copies differ at operation 7.")
                .contains("volume resync", "takeover");
    }

    private static ReadyView ready(List<View.Check> checks) {
        return Views.ready(view("", View.Level.DEGRADED, checks), List.of());
    }

    /** R10: a person may still choose the other copy, but must not be told that it is as good. */
    @Test
    void shouldNotSayThatATakeoverToACopyThatDiffersLosesNothing() {
        var differ = new View.Check("copies-equal", false, "they differ", Rule.R10);

        assertThat(ready(List.of(differ)).ready()).isFalse();
        assertThat(ready(List.of(differ)).sentence())
                .isEqualTo("A takeover now would succeed, but may lose something.");
    }

    @Test
    void shouldCountOnlyWhatATakeoverIsRefusedFor() {
        var differ = new View.Check("copies-equal", false, "they differ", Rule.R10);
        var standby = new View.Check("standby", false, "dhcp2 is in standby", Rule.POLICY);

        assertThat(ready(List.of(standby, differ)).sentence())
                .isEqualTo("A takeover now would be refused: one condition does not hold.");
    }

    /** The controller's verdict and alarm name it, and the volume's own row. */
    @Test
    void shouldNotSayTwiceWhyThePeerIsNotSynced() {
        var verdict = "dhcp1 serves alone. dhcp2 is not synced: R29: choose.";

        var status =
                status(
                        verdict,
                        View.Level.DEGRADED,
                        Optional.of("R29: choose"),
                        Optional.empty(),
                        OptionalLong.empty());

        assertThat(status.verdict()).isEqualTo(verdict);
        assertThat(status.volume().refusal()).contains("R29: choose");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, compared 0 of 0 MiB (100 %)",
        "1048576, 4194304, compared 1 of 4 MiB (25 %)",
        "6291456, 4194304, compared 6 of 6 MiB (100 %)"
    })
    void shouldSayHowFarAVerificationIs(long doneBytes, long totalBytes, String sentence) {
        assertThat(Views.compared(doneBytes, totalBytes)).isEqualTo(sentence);
    }
}
