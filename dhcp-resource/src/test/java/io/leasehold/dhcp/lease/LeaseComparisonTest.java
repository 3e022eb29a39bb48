package io.leasehold.dhcp.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseComparisonTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final Instant STARTS = NOW.minusSeconds(600);
    private static final Instant ENDS = NOW.plusSeconds(600);

    @TempDir private Path directory;

    private final List<LeaseDifference> differences = new ArrayList<>();

    private Path file(String name, String text) throws IOException {
        return Files.writeString(
                directory.resolve(name), LeaseFiles.HEADER + text, StandardCharsets.ISO_8859_1);
    }

    private static String lease(String address, int client) {
        return LeaseFiles.active(address, STARTS, ENDS, client);
    }

    private LeaseComparison.Counts compare(String aside, String live) throws IOException {
        return new LeaseComparison(file("aside", aside), file("live", live), NOW)
                .run(differences::add);
    }

    private LeaseDifference only() {
        assertThat(differences).hasSize(1);
        return differences.getFirst();
    }

    @Test
    void shouldFindNothingInFilesThatSayTheSameInTheEnd() throws IOException {
        var counts =
                compare(
                        lease("192.0.2.1", 9) + lease("192.0.2.2", 2) + lease("192.0.2.1", 1),
                        lease("192.0.2.1", 1) + lease("192.0.2.2", 2));

        assertThat(differences).isEmpty();
        assertThat(counts).isEqualTo(new LeaseComparison.Counts(2, 2, 0, 0));
    }

    @Test
    void shouldCallALeaseThatOnlyWasSetAsideAtRisk() throws IOException {
        var counts = compare(lease("192.0.2.1", 1) + lease("192.0.2.7", 7), lease("192.0.2.1", 1));

        assertThat(only().address()).hasToString("192.0.2.7");
        assertThat(only().live()).isEmpty();
        assertThat(only().isAtRisk()).isTrue();
        assertThat(counts).isEqualTo(new LeaseComparison.Counts(2, 1, 1, 1));
    }

    @Test
    void shouldNotCallALeaseThatIsOverAtRisk() throws IOException {
        compare(LeaseFiles.active("192.0.2.7", STARTS, NOW.minusSeconds(1), 7), "");

        assertThat(only().isAtRisk()).isFalse();
    }

    @Test
    void shouldCallAnAddressThatSomebodyElseHasNowAtRisk() throws IOException {
        compare(lease("192.0.2.7", 7), lease("192.0.2.7", 8));

        assertThat(only().aside().orElseThrow().client())
                .isNotEqualTo(only().live().orElseThrow().client());
        assertThat(only().isAtRisk()).isTrue();
    }

    @Test
    void shouldNotCallALeaseThatItsClientRenewedAtRisk() throws IOException {
        compare(
                lease("192.0.2.7", 7),
                LeaseFiles.active("192.0.2.7", NOW, NOW.plusSeconds(1_200), 7));

        assertThat(only().isAtRisk()).isFalse();
    }

    @Test
    void shouldNotCallALeaseThatIsOnlyLiveAtRisk() throws IOException {
        compare("", lease("192.0.2.7", 7));

        assertThat(only().aside()).isEmpty();
        assertThat(only().isAtRisk()).isFalse();
    }

    @Test
    void shouldTakeAMissingFileForOneWithoutLeases() throws IOException {
        var counts =
                new LeaseComparison(
                                directory.resolve("absent"),
                                file("live", lease("192.0.2.7", 7)),
                                NOW)
                        .run(differences::add);

        assertThat(counts).isEqualTo(new LeaseComparison.Counts(0, 1, 1, 0));
    }

    /** In parts, so that the memory does not grow with the file. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 50, 1_000})
    void shouldFindTheSameInPartsOfAnySize(int addressesAtOnce) throws IOException {
        var aside = directory.resolve("aside");
        var live = directory.resolve("live");
        Files.write(aside, LeaseFiles.of(60, STARTS, ENDS));
        Files.write(live, LeaseFiles.of(40, STARTS, ENDS));

        var counts = new LeaseComparison(aside, live, NOW, addressesAtOnce).run(differences::add);

        assertThat(counts).isEqualTo(new LeaseComparison.Counts(60, 40, 20, 20));
        assertThat(differences)
                .extracting(LeaseDifference::address)
                .isSorted()
                .doesNotHaveDuplicates()
                .hasSize(20);
    }
}
