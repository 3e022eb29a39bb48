package io.leasehold.blockrep.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.volume.Changes.Extent;
import io.leasehold.blockrep.volume.Operation.Access;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ChangesTest {
    private static final FileId FILE = new FileId(5);
    private static final Name NAME = Name.of("leases");

    private final Changes changes = new Changes();

    private static Operation write(FileId id, long offset, int length) {
        return new Operation.Write(1, id, offset, Bytes.copyOf(new byte[length]));
    }

    @Test
    void shouldKnowWhichBytesWereWritten() {
        changes.add(write(FILE, 100, 50));
        changes.add(write(FILE, 150, 50));
        changes.add(write(FILE, 1000, 1));

        assertThat(changes.files()).containsExactly(FILE);
        assertThat(changes.extents(FILE, 500)).containsExactly(new Extent(100, 100));
        assertThat(changes.extents(FILE, 2000))
                .containsExactly(new Extent(100, 100), new Extent(1000, 1));
        assertThat(changes.extents(FILE, 120)).containsExactly(new Extent(100, 20));
    }

    @Test
    void shouldCountAllBehindATruncation() {
        changes.add(
                new Operation.SetAttributes(
                        1,
                        FILE,
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        OptionalLong.of(10),
                        OptionalLong.empty(),
                        OptionalLong.empty()));

        assertThat(changes.extents(FILE, 25)).containsExactly(new Extent(10, 15));
    }

    @Test
    void shouldCountTheDirectoriesOfARenameAndWhatItReplaced() {
        changes.add(
                new Operation.Rename(
                        1,
                        new FileId(2),
                        NAME,
                        new FileId(3),
                        NAME,
                        FILE,
                        Optional.of(new Operation.Replaced(new FileId(4), false))));

        assertThat(changes.files())
                .containsExactly(new FileId(2), new FileId(3), new FileId(4), FILE);
        assertThat(changes.extents(FILE, 100)).isEmpty();
        assertThat(changes.created()).isEmpty();
    }

    @Test
    void shouldCountANewFileAsAWhole() {
        changes.add(new Operation.Create(1, FileId.ROOT, NAME, FILE, new Access(0644, 0, 0)));

        assertThat(changes.created()).containsExactly(FILE);
        assertThat(changes.extents(FILE, 100)).containsExactly(new Extent(0, 100));
    }

    @Test
    void shouldBecomeCoarserRatherThanForget() {
        int written = Changes.Limits.ONE_NODE.ranges() + 1;
        for (int i = 0; i < written; i++) {
            changes.add(write(FILE, 8192L * i, 1));
        }

        var extents = changes.extents(FILE, Long.MAX_VALUE);
        assertThat(extents).hasSizeLessThanOrEqualTo(Changes.Limits.ONE_NODE.ranges());
        for (int i = 0; i < written; i += 997) {
            long byteWritten = 8192L * i;
            assertThat(extents)
                    .anyMatch(extent ->
                            extent.offsetBytes() <= byteWritten
                                    && byteWritten < extent.offsetBytes() + extent.lengthBytes());
        }
    }

    @Test
    void shouldSayEverythingWhenThereAreTooManyFiles() {
        for (int i = 0; i <= Changes.Limits.ONE_NODE.files(); i++) {
            changes.add(write(new FileId(2 + i), 0, 1));
        }

        assertThat(changes.isEverything()).isTrue();
        assertThat(Changes.union(new Changes(), changes).isEverything()).isTrue();
    }

    @Test
    void shouldHaveTheChangesOfBothInAUnion() {
        var other = new Changes();
        changes.add(write(FILE, 0, 10));
        other.add(write(FILE, 5, 10));
        other.add(
                new Operation.Create(1, FileId.ROOT, NAME, new FileId(6), new Access(0644, 0, 0)));

        var both = Changes.union(changes, other);

        assertThat(both.files()).containsExactly(FileId.ROOT, FILE, new FileId(6));
        assertThat(both.extents(FILE, 100)).containsExactly(new Extent(0, 15));
        assertThat(both.created()).containsExactly(new FileId(6));
    }

    @Test
    void shouldBeReadAsItWasWritten() {
        changes.add(write(FILE, 3, 4));
        changes.add(
                new Operation.Create(1, FileId.ROOT, NAME, new FileId(6), new Access(0644, 0, 0)));

        var read = Changes.decode(ByteBuffer.wrap(changes.encode()));

        assertThat(read.toString()).isEqualTo(changes.toString());
        assertThat(read.created()).isEqualTo(changes.created());
    }

    @Test
    void shouldRefuseARangeThatCannotBe() {
        changes.add(write(FILE, 3, 4));
        var bytes = changes.encode();
        ByteBuffer.wrap(bytes).putLong(bytes.length - 8, 2);

        assertThatThrownBy(() -> Changes.decode(ByteBuffer.wrap(bytes)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from 3 to 2");
    }
}
