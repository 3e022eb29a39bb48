package io.leasehold.dhcp.lease;

import static java.nio.file.StandardOpenOption.APPEND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.lease.LeaseFileReading.End;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseFollowerTest {

    private static final Instant STARTS = Instant.parse("2026-11-22T10:00:00Z");
    private static final Instant ENDS = Instant.parse("2026-11-22T11:00:00Z");

    @TempDir Path directory;
    private Path file;
    private LeaseFollower follower;

    @BeforeEach
    void begin() throws IOException {
        file = directory.resolve("dhcpd.leases");
        Files.write(file, LeaseFiles.of(100, STARTS, ENDS));
        follower = new LeaseFollower(file);
    }

    @Test
    void shouldReadOnlyWhatWasAppended() throws IOException {
        assertThat(follower.poll().table().size()).isEqualTo(100);
        assertThat(follower.poll().readBytes()).isLessThanOrEqualTo(1);

        var record = LeaseFiles.bytes(LeaseFiles.active("192.0.2.1", STARTS, ENDS, 7));
        Files.write(file, record, APPEND);

        var view = follower.poll();
        assertThat(view.table().byAddress(Ipv4Address.of("192.0.2.1"))).isPresent();
        assertThat(view.table().size()).isEqualTo(101);
        assertThat(view.readBytes()).isBetween((long) record.length, record.length + 1L);
        assertThat(view.reading().declarations()).isEqualTo(103);
    }

    @Test
    void shouldWaitForTheRestOfARecordThatIsBeingWritten() throws IOException {
        var record = LeaseFiles.bytes(LeaseFiles.active("192.0.2.1", STARTS, ENDS, 7));
        int closed = record.length - 2;
        for (int i = 0; i < record.length; i++) {
            Files.write(file, new byte[] {record[i]}, APPEND);
            var view = follower.poll();
            assertThat(view.table().size()).isEqualTo(i < closed ? 100 : 101);
            assertThat(view.reading().end() instanceof End.Whole).isEqualTo(i >= closed);
        }
    }

    @Test
    void shouldReadAnewWhatWasReplacedByARewrite() throws IOException {
        follower.poll();
        var next = directory.resolve("dhcpd.leases.1795341600");
        Files.write(next, LeaseFiles.of(50, STARTS, ENDS));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);

        assertThat(follower.poll().table().size()).isEqualTo(50);
    }

    @Test
    void shouldReadAnewWhatWasChangedInPlace() throws IOException {
        follower.poll();
        Files.write(file, LeaseFiles.of(200, STARTS, STARTS));

        assertThat(follower.poll().table().activeAt(STARTS)).isZero();
        Files.write(file, new byte[0]);
        assertThat(follower.poll().table().size()).isZero();
    }

    @Test
    void shouldSayThatThereIsNoFile() throws IOException {
        follower.poll();
        Files.delete(file);

        assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(follower::poll);
    }

    @Test
    void shouldCountLinesAcrossPolls() throws IOException {
        int lines = Files.readAllLines(file).size();
        follower.poll();
        Files.writeString(file, "nonsense here;\n", APPEND);

        assertThat(follower.poll().reading().findings())
                .singleElement()
                .satisfies(finding -> assertThat(finding.place().line()).isEqualTo(lines + 1));
    }
}
