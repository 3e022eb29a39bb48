package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.journal.DiskJournalDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.link.LoopbackSession;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileImage;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.History;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.volume.Name;
import io.leasehold.blockrep.volume.Operation.Access;
import io.leasehold.blockrep.volume.Placement;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.TreeDigest;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.wire.Frame.Chunk;
import io.leasehold.blockrep.wire.Frame.ChunkHashes;
import io.leasehold.blockrep.wire.Frame.CompareBegins;
import io.leasehold.blockrep.wire.Frame.CompareEnds;
import io.leasehold.blockrep.wire.Frame.ManifestPart;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: a volume marks its files with trusted attributes. */
class CompareTargetTest {
    private static final Seq BASE = new Seq(7);
    private static final Root ROOT = new Root(1, 2);
    private static final FileId FILE = new FileId(5);
    private static final byte[] CONTENT =
            "leasehold-dhcp-history 1\nleases 40\n".getBytes(StandardCharsets.US_ASCII);

    @TempDir Path directory;
    private LoopbackSession session;
    private Journal journal;
    private Volume volume;
    private CompareTarget target;

    @BeforeEach
    void begin() throws IOException {
        session = new LoopbackSession();
        journal = openJournal();
        volume = Volume.open(directory.resolve("volume"), Seq.NONE, History.NONE);
        compare(false);
    }

    private Journal openJournal() throws IOException {
        return Journal.open(
                new DiskJournalDirectory(directory.resolve("journal")),
                1 << 20,
                3,
                () -> Superblock.fresh(new DeviceId(1, 1), new ClusterName("test"), "boot"));
    }

    private void compare(boolean keepBranch) throws IOException {
        target =
                new CompareTarget(
                        new BegunCompare(
                                directory.resolve("volume"),
                                volume,
                                journal,
                                session.outbox(),
                                1,
                                BASE,
                                new CompareBegins("test", keepBranch, ROOT)),
                        new Progress(0));
        var manifest =
                new Manifest(
                        BASE,
                        new FileId(6),
                        List.of(
                                file(FileId.ROOT, FileKind.DIRECTORY, 0, List.of()),
                                file(
                                        FILE,
                                        FileKind.FILE,
                                        CONTENT.length,
                                        List.of(new Placement(FileId.ROOT, Name.of("history"))))));
        target.manifestPart(new ManifestPart(ManifestCodec.encode(manifest), true));
    }

    @AfterEach
    void end() throws IOException {
        target.close();
        volume.close();
        journal.close();
        session.close();
    }

    private static FileImage file(FileId id, FileKind kind, long size, List<Placement> names) {
        return new FileImage(
                id,
                kind,
                new Access(0755, 0, 0),
                size,
                1,
                1,
                0,
                Bytes.EMPTY,
                names,
                new TreeMap<>());
    }

    private static ChunkHashes hashes(long offset) {
        var hash = TreeDigest.chunkHash(MemorySegment.ofArray(CONTENT));
        return new ChunkHashes(FILE.value(), offset, hash.toArray());
    }

    private static ChunkHashes endOfHashes() {
        return new ChunkHashes(0, 0, new byte[0]);
    }

    private void switchTo() throws IOException {
        var unused = target.switchTo(BASE, new CompareEnds(ROOT, Lineage.EMPTY), "branch");
    }

    @Test
    void shouldBecomeTheTreeWhenAllHasCome() throws IOException {
        target.chunkHashes(hashes(0));
        target.chunkHashes(endOfHashes());
        target.chunk(new Chunk(FILE.value(), 0, CONTENT));

        switchTo();

        assertThat(directory.resolve("volume/tree/history")).hasBinaryContent(CONTENT);
        assertThat(journal.end().last()).isEqualTo(BASE);
    }

    /**
     * The disk is full, or damaged, when the old tree is to be put aside: tree and journal are of
     * two histories until the next start.
     */
    @Test
    void shouldStopIfItFailsWhenTheTreesHaveChangedPlaces() throws IOException {
        target.close();
        compare(true);
        target.chunkHashes(hashes(0));
        target.chunkHashes(endOfHashes());
        target.chunk(new Chunk(FILE.value(), 0, CONTENT));
        var inTheWay = Files.createFile(directory.resolve("volume/branches"));

        assertThatThrownBy(this::switchTo).isInstanceOf(FileAlreadyExistsException.class);
        target.close();

        assertThatThrownBy(() -> journal.update(_ -> {})).hasMessageContaining("R32");
        var content = Arena.ofAuto().allocate(CONTENT.length);
        assertThat(volume.readContent(FILE, content, 0)).contains((long) CONTENT.length);
        volume.close();
        journal.close();
        Files.delete(inTheWay);
        journal = openJournal();
        assertThat(InterruptedSwitch.finish(directory.resolve("volume"), journal, "branch"))
                .contains("branch");
        assertThat(journal.end().last()).isEqualTo(BASE);
    }

    @Test
    void shouldLeaveNothingOpenIfItCannotBegin() throws IOException {
        target.close();
        var inTheWay = Files.createDirectory(directory.resolve("volume/catch-up"));

        assertThatThrownBy(() -> compare(false)).isInstanceOf(FileSystemException.class);

        assertThat(openBelow(directory.resolve("volume/shadow"))).isEmpty();
        Files.delete(inTheWay);
        compare(false);
        assertThat(openBelow(directory.resolve("volume/shadow"))).isNotEmpty();
    }

    private static List<Path> openBelow(Path directory) throws IOException {
        var below = new ArrayList<Path>();
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (var descriptor : descriptors.toList()) {
                try {
                    var target = Files.readSymbolicLink(descriptor);
                    if (target.startsWith(directory)) {
                        below.add(target);
                    }
                } catch (NoSuchFileException _) {
                    // The list's own, closed by now.
                }
            }
        }
        return below;
    }

    /** What is missing would be zeros, under the name and the time of the real file. */
    @Test
    void shouldNotEndWithoutContentThatItAskedFor() throws IOException {
        target.chunkHashes(hashes(0));
        target.chunkHashes(endOfHashes());

        assertThatThrownBy(this::switchTo)
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("1 pieces of content are missing");
        assertThat(directory.resolve("volume/tree/history")).doesNotExist();
    }

    @Test
    void shouldNotEndBeforeAllHashesHaveCome() {
        assertThatThrownBy(() -> target.chunkHashes(endOfHashes()))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("those of 1 files");
        assertThatThrownBy(this::switchTo).isInstanceOf(ProtocolException.class);
    }

    @Test
    void shouldRefuseHashesOfAnotherCompare() throws IOException {
        target.chunkHashes(hashes(0));

        assertThatThrownBy(() -> target.chunkHashes(hashes(0)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("are not the next ones");
    }

    @Test
    void shouldRefuseContentThatItDidNotAskFor() {
        assertThatThrownBy(() -> target.chunk(new Chunk(FILE.value(), 0, CONTENT)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("was not asked for");
    }
}
