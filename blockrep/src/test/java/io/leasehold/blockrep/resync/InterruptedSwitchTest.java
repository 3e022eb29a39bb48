package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.journal.DiskJournalDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process dies while a compare puts its shadow into the tree's place. */
class InterruptedSwitchTest {
    private static final Seq LAST = new Seq(9);
    private static final Root ROOT = new Root(1, 2);

    private final Branch branch = new Branch(Instant.EPOCH, new NodeName("a"), 3, new Seq(12));

    @TempDir Path directory;
    private Journal journal;

    @BeforeEach
    void open() throws IOException {
        journal =
                Journal.open(
                        new DiskJournalDirectory(directory.resolve("journal")),
                        1 << 20,
                        3,
                        () ->
                                Superblock.fresh(
                                        new DeviceId(1, 1), new ClusterName("test"), "boot"));
    }

    @AfterEach
    void close() throws IOException {
        journal.close();
    }

    private Path tree(String replica, String file) throws IOException {
        var tree = Files.createDirectories(directory.resolve(replica).resolve("tree"));
        Files.createFile(tree.resolve(file));
        return directory.resolve(replica);
    }

    private void switchIsPending(Path shadow) throws IOException {
        long inode = (Long) Files.getAttribute(shadow, "unix:ino");
        journal.update(editor ->
                editor.pendingSwitch(
                        Optional.of(
                                new PendingSwitch(
                                        PendingSwitch.Way.EXCHANGE,
                                        inode,
                                        LAST,
                                        ROOT,
                                        Lineage.EMPTY))));
    }

    private Optional<String> finish() throws IOException {
        return InterruptedSwitch.finish(directory, journal, branch.name());
    }

    @Test
    void shouldKeepTheOldTreeIfTheExchangeWasTheLastThing() throws Exception {
        tree("shadow", "what-only-the-loser-had");
        switchIsPending(tree("live", "new"));

        assertThat(finish()).contains(branch.name());

        var branches = new Branches(directory);
        assertThat(branches.list()).containsExactly(branch);
        assertThat(branches.tree(branch).resolve("what-only-the-loser-had")).exists();
        assertThat(journal.end().last()).isEqualTo(LAST);
        assertThat(finish()).as("a second time").isEmpty();
    }

    @Test
    void shouldFollowTheTreeIfTheOldOneIsKeptAlready() throws Exception {
        switchIsPending(tree("live", "new"));

        assertThat(finish()).isEmpty();

        assertThat(journal.end().last()).isEqualTo(LAST);
    }

    @Test
    void shouldGoOnWithTheOldTreeIfItWasNotExchanged() throws Exception {
        tree("live", "old");
        switchIsPending(tree("shadow", "new"));

        assertThat(finish()).isEmpty();

        assertThat(new Branches(directory).list()).isEmpty();
        assertThat(journal.end().last()).isEqualTo(Seq.NONE);
        assertThat(journal.superblock().pendingSwitch()).isEmpty();
    }
}
