package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.journal.DiskJournalDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.RollingHash;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.link.LoopbackSession;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileImage;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.History;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.volume.Name;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.Operation.Access;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Placement;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.Chunk;
import io.leasehold.blockrep.wire.Frame.CompareBegins;
import io.leasehold.blockrep.wire.Frame.CompareEnds;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A copy with the files {@code kept} and {@code leases}, which the source has as well, and a tail:
 * it wrote to {@code leases} and made {@code lost}. The source wrote something else. Needs root.
 */
class PatchTargetTest {
    private static final Access ACCESS = new Access(0644, 0, 0);
    private static final FileId KEPT = new FileId(2);
    private static final FileId LEASES = new FileId(3);
    private static final FileId LOST = new FileId(4);
    private static final Seq SHARED = new Seq(4);
    private static final Seq BASE = new Seq(5);
    private static final Root SOURCE_ROOT = new Root(7, 8);
    private static final byte[] AT_THE_SOURCE = ascii("lease 11");

    @TempDir Path directory;
    private LoopbackSession session;
    private Journal journal;
    private Volume volume;
    private Root sharedRoot;

    @BeforeEach
    void begin() throws IOException {
        session = new LoopbackSession();
        journal = journal();
        volume = Volume.open(directory.resolve("volume"), Seq.NONE, History.NONE);
        write(new Operation.Create(1, FileId.ROOT, Name.of("kept"), KEPT, ACCESS));
        write(new Operation.Write(1, KEPT, 0, Bytes.copyOf(ascii("as it was"))));
        write(new Operation.Create(1, FileId.ROOT, Name.of("leases"), LEASES, ACCESS));
        write(new Operation.Write(1, LEASES, 0, Bytes.copyOf(ascii("lease 10"))));
        sharedRoot = journal.end().root();
        write(new Operation.Write(2, LEASES, 6, Bytes.copyOf(ascii("99 and 98"))));
        write(new Operation.Create(2, FileId.ROOT, Name.of("lost"), LOST, ACCESS));
    }

    private Journal journal() throws IOException {
        return Journal.open(
                new DiskJournalDirectory(directory.resolve("journal")),
                1 << 20,
                3,
                () -> Superblock.fresh(new DeviceId(1, 1), new ClusterName("test"), "boot"));
    }

    private void write(Operation operation) throws IOException {
        var bytes = ByteBuffer.allocate(OperationCodec.MAX_ENCODED_BYTES);
        OperationCodec.encode(operation, bytes);
        var end = journal.append(1, RequestId.NONE, bytes.flip());
        var unused = journal.sync();
        volume.apply(end.last(), operation);
    }

    @AfterEach
    void end() throws IOException {
        volume.close();
        journal.close();
        session.close();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private Optional<PatchTarget> target(Root root) throws IOException {
        var compare =
                new BegunCompare(
                        directory.resolve("volume"),
                        volume,
                        journal,
                        session.outbox(),
                        2,
                        BASE,
                        new CompareBegins("test", true, SOURCE_ROOT));
        return PatchTarget.begin(compare, SHARED, root, new Progress(0));
    }

    private Changes touchedByBoth() throws IOException {
        var set = JournalChanges.since(journal, SHARED, sharedRoot).orElseThrow();
        set.add(new Operation.Write(3, LEASES, 0, Bytes.copyOf(AT_THE_SOURCE)));
        return set;
    }

    private static FileImage image(FileId id, FileKind kind, long size, List<Placement> names) {
        return new FileImage(
                id,
                kind,
                new Access(0755, 0, 0),
                size,
                1,
                3,
                0,
                Bytes.EMPTY,
                names,
                new TreeMap<>());
    }

    private static Manifest manifest() {
        return new Manifest(
                BASE,
                LOST,
                List.of(
                        image(FileId.ROOT, FileKind.DIRECTORY, 0, List.of()),
                        image(
                                LEASES,
                                FileKind.FILE,
                                AT_THE_SOURCE.length,
                                List.of(new Placement(FileId.ROOT, Name.of("leases"))))));
    }

    private PatchTarget described() throws IOException {
        var target = target(sharedRoot).orElseThrow();
        target.take(BASE, new Frame.ResyncSet(touchedByBoth().encode(), true));
        target.take(BASE, new Frame.ManifestPart(ManifestCodec.encode(manifest()), true));
        return target;
    }

    private static CompareEnds ends() {
        return new CompareEnds(SOURCE_ROOT, Lineage.EMPTY);
    }

    private void assertIsTheSources(Path tree) throws IOException {
        assertThat(tree.resolve("leases")).hasBinaryContent(AT_THE_SOURCE);
        assertThat(tree.resolve("kept")).hasContent("as it was");
        assertThat(tree.resolve("lost")).doesNotExist();
        assertThat(journal.end().last()).isEqualTo(BASE);
        assertThat(journal.end().root()).isEqualTo(SOURCE_ROOT);
        assertThat(journal.superblock().pendingSwitch()).isEmpty();
        assertThat(directory.resolve("volume/patch")).doesNotExist();
    }

    @Test
    void shouldTakeWhatEitherHasTouchedAndKeepItsOwn() throws IOException {
        var kept = directory.resolve("volume/live/tree/kept");
        var inode = Files.getAttribute(kept, "unix:ino");

        try (var target = described()) {
            target.take(BASE, new Chunk(LEASES.value(), 0, AT_THE_SOURCE));
            assertThat(target.switchTo(BASE, ends(), "branch")).contains("branch");
        }

        assertIsTheSources(directory.resolve("volume/live/tree"));
        assertThat(Files.getAttribute(kept, "unix:ino")).isEqualTo(inode);
        assertThat(volume.last()).isEqualTo(BASE);
        assertThat(volume.manifest().nextId()).isEqualTo(LOST);
        var branch = directory.resolve("volume/branches/branch");
        assertThat(branch.resolve("tree/leases")).hasContent("lease 99 and 98");
        assertThat(branch.resolve("tree/lost")).exists();
        assertThat(branch.resolve("tree/kept")).doesNotExist();
        assertThat(branch.resolve("partial")).exists();
    }

    /** The root is the proof that both were the same there; without it everything is compared. */
    @Test
    void shouldNotBeginAtAPlaceThatItCannotConfirm() throws IOException {
        assertThat(target(new Root(1, 1))).isEmpty();
        assertThat(JournalChanges.since(journal, new Seq(99), sharedRoot)).isEmpty();
    }

    @Test
    void shouldNotEndWithoutAllContent() throws IOException {
        try (var target = described()) {
            assertThatThrownBy(() -> target.switchTo(BASE, ends(), "branch"))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("content is missing");
        }

        assertThat(directory.resolve("volume/tree/leases")).hasContent("lease 99 and 98");
        assertThat(directory.resolve("volume/patch")).doesNotExist();
        assertThat(journal.end().last()).isEqualTo(new Seq(6));
    }

    @Test
    void shouldRefuseContentOfAnotherPlace() throws IOException {
        try (var target = described()) {
            assertThatThrownBy(() -> target.take(BASE, new Chunk(LEASES.value(), 3, AT_THE_SOURCE)))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("instead of");
        }
    }

    /** A source that forgot what this node has touched would leave it as it is. */
    @Test
    void shouldRefuseAResyncSetWithoutItsOwnChanges() throws IOException {
        try (var target = target(sharedRoot).orElseThrow()) {
            assertThatThrownBy(() ->
                            target.take(BASE, new Frame.ResyncSet(new Changes().encode(), true)))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("without what this node has touched");
        }
    }

    private void writePatch() throws IOException {
        var volumeDirectory = directory.resolve("volume");
        try (var writer = new PatchFile.Writer(volumeDirectory)) {
            writer.head(BASE, touchedByBoth(), Set.of(LOST), manifest());
            writer.piece(LEASES.value(), 0, AT_THE_SOURCE);
            var unused = writer.finish();
        }
    }

    private Optional<String> restart() throws IOException {
        volume.close();
        journal.close();
        journal = journal();
        var name = new Branch(Instant.EPOCH, new NodeName("a"), 3, new Seq(12)).name();
        return InterruptedSwitch.finish(directory.resolve("volume"), journal, name);
    }

    @Test
    void shouldBeFinishedAfterACrash() throws IOException {
        writePatch();
        var patch = directory.resolve("volume/patch");
        volume.copyTo(patch.resolve("branch"), Set.of(LOST));
        var unused = volume.checkpoint();
        var to =
                new PendingSwitch(
                        PendingSwitch.Way.PATCH,
                        InterruptedSwitch.inode(patch),
                        BASE,
                        SOURCE_ROOT,
                        Lineage.EMPTY);
        journal.update(editor -> editor.pendingSwitch(Optional.of(to)));

        assertThat(restart()).isPresent();

        assertIsTheSources(directory.resolve("volume/live/tree"));
        assertThat(restart()).as("a second time").isEmpty();
        assertThat(journal.end().last()).isEqualTo(BASE);
    }

    @Test
    void shouldGoOnWithTheOldCopyAfterACrashBeforeItWasWhole() throws IOException {
        writePatch();

        assertThat(restart()).isEmpty();

        assertThat(directory.resolve("volume/live/tree/leases")).hasContent("lease 99 and 98");
        assertThat(directory.resolve("volume/patch")).doesNotExist();
        assertThat(journal.end().last()).isEqualTo(new Seq(6));
    }

    /** It is neither copy by then: to begin with it would be silent divergence. */
    @Test
    void shouldNotStartIfAPatchThatIsPendingIsDamaged() throws IOException {
        writePatch();
        var patch = directory.resolve("volume/patch");
        var to =
                new PendingSwitch(
                        PendingSwitch.Way.PATCH,
                        InterruptedSwitch.inode(patch),
                        BASE,
                        SOURCE_ROOT,
                        Lineage.EMPTY);
        journal.update(editor -> editor.pendingSwitch(Optional.of(to)));
        Files.write(patch.resolve("patch"), new byte[100]);

        assertThatThrownBy(this::restart)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("nothing was changed")
                .hasMessageContaining("gets a whole copy from its peer");

        assertThat(journal.superblock().pendingSwitch()).contains(to);
        assertThat(directory.resolve("volume/live/tree/leases")).hasContent("lease 99 and 98");
    }

    @Test
    void shouldNotUseAPatchThatIsDamaged() throws IOException {
        writePatch();
        var file = directory.resolve("volume/patch/patch");
        var bytes = Files.readAllBytes(file);
        bytes[bytes.length - 8] ^= 1;
        Files.write(file, bytes);

        assertThatThrownBy(() -> PatchFile.open(directory.resolve("volume/patch")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged");
    }

    /** The one is carried out at once, the other one after a crash. */
    @Test
    void shouldBeTheSameWhenItWasJustWrittenAndWhenItIsFound() throws IOException {
        PatchFile written;
        try (var writer = new PatchFile.Writer(directory.resolve("volume"))) {
            writer.head(BASE, touchedByBoth(), Set.of(LOST), manifest());
            writer.piece(LEASES.value(), 0, ascii("lease"));
            writer.piece(LEASES.value(), 5, ascii(" 11"));
            writer.operation(BASE.next(), encoded(new Operation.Barrier()));
            writer.operation(
                    BASE.next().next(),
                    encoded(
                            new Operation.Unlink(
                                    4, FileId.ROOT, Name.of("leases"), LEASES, false)));
            written = writer.finish();
        }

        var found = PatchFile.open(directory.resolve("volume/patch"));

        assertThat(contentOf(written)).hasSize(4).isEqualTo(contentOf(found));
        assertThat(written.base()).isEqualTo(found.base());
        assertThat(written.patch().files()).isEqualTo(found.patch().files());
        assertThat(written.patch().discarded()).isEqualTo(found.patch().discarded());
        assertThat(written.patch().manifest()).isEqualTo(found.patch().manifest());
    }

    private static List<Object> contentOf(PatchFile file) throws IOException {
        var content = new ArrayList<Object>();
        file.patch()
                .content()
                .forEachPiece((id, offset, bytes) ->
                        content.add(
                                List.of(
                                        id,
                                        offset,
                                        Bytes.copyOf(bytes, 0, (int) bytes.byteSize()))));
        file.operations().forEach((seq, operation) -> content.add(List.of(seq, operation)));
        return content;
    }

    private static byte[] encoded(Operation operation) {
        var buffer = ByteBuffer.allocate(OperationCodec.MAX_ENCODED_BYTES);
        OperationCodec.encode(operation, buffer);
        var bytes = new byte[buffer.flip().remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @Test
    void shouldKeepTheOrderOfItsOperations() throws IOException {
        var operation = encoded(new Operation.Barrier());
        var root = new RollingHash().next(SOURCE_ROOT, BASE.next(), 2, ByteBuffer.wrap(operation));
        try (var target = described()) {
            target.take(BASE, new Chunk(LEASES.value(), 0, AT_THE_SOURCE));
            var next = new Frame.CatchUp(RequestId.NONE, root, 2, operation);
            assertThatThrownBy(() -> target.take(BASE.next().next(), next))
                    .isInstanceOf(ProtocolException.class);
            target.take(BASE.next(), next);

            var unused =
                    target.switchTo(BASE.next(), new CompareEnds(root, Lineage.EMPTY), "branch");
        }

        assertThat(volume.last()).isEqualTo(BASE.next());
        assertThat(journal.end().last()).isEqualTo(BASE.next());
    }
}
