package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.Superblock.PendingSwitch;
import io.leasehold.blockrep.volume.Directories;
import io.leasehold.blockrep.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** After a crash within {@link ResyncTarget#switchTo}. */
public final class InterruptedSwitch {
    private InterruptedSwitch() {}

    /**
     * If the trees have changed places, the journal follows, and the old tree is kept, because
     * nobody knows any more whether it need be. If a patch was to be carried out, it is carried out
     * from the beginning, and the journal follows. If neither, the old copy goes on.
     *
     * @param directory of the volume; nothing of it is open yet
     * @param branchName under which is kept what was replaced
     * @return the name of the branch, if there is one
     */
    public static Optional<String> finish(Path directory, Journal journal, String branchName)
            throws IOException {
        var pending = journal.superblock().pendingSwitch();
        var patch = directory.resolve(PatchFile.DIRECTORY);
        if (pending.isEmpty()) {
            Directories.deleteRecursively(patch);
            return Optional.empty();
        }
        if (pending.get().way() == PendingSwitch.Way.PATCH) {
            return carryOut(directory, journal, pending.get(), branchName);
        }
        long live = inode(directory.resolve("live"));
        boolean kept =
                pending.get().directoryInode() == live
                        && Volume.keepReplaced(directory, branchName);
        journal.finishSwitch(live);
        Directories.deleteRecursively(patch);
        return kept ? Optional.of(branchName) : Optional.empty();
    }

    private static Optional<String> carryOut(
            Path directory, Journal journal, PendingSwitch pending, String branchName)
            throws IOException {
        var patch = directory.resolve(PatchFile.DIRECTORY);
        var file = open(patch);
        Volume.finishPatch(directory, file.patch(), file.base(), file.operations());
        boolean kept = PatchTarget.keepBranch(directory, branchName);
        journal.finishSwitch(pending.directoryInode());
        Directories.deleteRecursively(patch);
        return kept ? Optional.of(branchName) : Optional.empty();
    }

    private static PatchFile open(Path patch) throws IOException {
        try {
            return PatchFile.open(patch);
        } catch (IOException e) {
            throw new IOException(
                    "a resync was being carried out on %s, and what it was to write cannot be read (%s). This copy is neither the old nor the new one; nothing was changed. Move the directories of the volume and of the journal aside and start this node again: it gets a whole copy from its peer"
                            .formatted(patch.getParent(), e),
                    e);
        }
    }

    static long inode(Path path) throws IOException {
        return (Long) Files.getAttribute(path, "unix:ino");
    }
}
