package io.leasehold.itests.lab.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.client.OutageReport.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutageReportTest {
    private static final int TAIL = 3;
    private static final long INTERVAL_MICROS = 20_000;

    @Test
    void shouldSeeOnlyTheDistanceOfTheProbesWhenAllAreAnswered() {
        var kind = report(100, -1, -1).kind(ProbeKind.UNICAST);

        assertThat(kind.gapMillis()).isEqualTo(20);
        assertThat(kind.answered()).isEqualTo(100);
        assertThat(kind.recovered()).isTrue();
    }

    @Test
    void shouldMeasureFromTheLastAnswerToTheNext() {
        var kind = report(100, 40, 49).kind(ProbeKind.UNICAST);

        assertThat(kind.gapMillis()).isEqualTo(220); // ten unanswered, eleven distances
        assertThat(kind.recovered()).isTrue();
    }

    @Test
    void shouldCountASilenceThatLastsToTheEnd() {
        var kind = report(100, 50, 99).kind(ProbeKind.UNICAST);

        assertThat(kind.gapMillis()).isGreaterThan(900);
        assertThat(kind.recovered()).isFalse();
    }

    @Test
    void shouldCallNothingAnsweredAnOutageOfTheWholeTime() {
        var kind = report(100, 0, 99).kind(ProbeKind.UNICAST);

        assertThat(kind.gapMillis()).isGreaterThan(1900);
    }

    /** Unicast probes of which those from {@code silentFrom} to {@code silentTo} are unanswered. */
    private static OutageReport report(int count, int silentFrom, int silentTo) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long sent = i * INTERVAL_MICROS;
            boolean silent = i >= silentFrom && i <= silentTo;
            samples.add(new Sample(ProbeKind.UNICAST, sent, silent ? -1 : sent + 500));
        }
        return OutageReport.of(samples, Map.of(), 0, TAIL);
    }
}
