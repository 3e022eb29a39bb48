package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a mount point shows where the volume is not mounted: a read-only directory with one file
 * that says where it is. Somebody who edits on the wrong box is told so by his editor, and what he
 * writes does not end up under the mount point, where nobody would see it again.
 *
 * <p>A tmpfs, so it goes with the machine's next start, or with {@link #remove}.
 */
public final class SecondaryNote {

    private static final String SOURCE = "leasehold-note";

    private SecondaryNote() {}

    /**
     * Shows the note, in place of an earlier one. Where something else is mounted it would hide
     * that: nothing happens.
     *
     * @param fileName for instance {@code VOLUME-IS-MOUNTED-ON-dhcp1.txt}
     * @param text what a reader of the file learns
     * @throws IOException if mount(2) refuses
     */
    public static void show(Path mountPoint, String fileName, String text) throws IOException {
        remove(mountPoint);
        if (MountTable.topmost(mountPoint).isPresent()) {
            return;
        }
        Linux.mount(
                SOURCE,
                mountPoint,
                "tmpfs",
                Linux.MS_NOSUID | Linux.MS_NODEV | Linux.MS_NOEXEC,
                "size=64k,nr_inodes=8,mode=0555");
        try {
            Files.write(mountPoint.resolve(fileName), text.getBytes(StandardCharsets.UTF_8));
            Linux.mount(
                    SOURCE,
                    mountPoint,
                    "tmpfs",
                    Linux.MS_REMOUNT
                            | Linux.MS_RDONLY
                            | Linux.MS_NOSUID
                            | Linux.MS_NODEV
                            | Linux.MS_NOEXEC,
                    "");
        } catch (IOException e) {
            Linux.umount2(mountPoint, Linux.MNT_DETACH);
            throw e;
        }
    }

    /** Takes the note away, if there is one; something else that is mounted there stays. */
    public static void remove(Path mountPoint) throws IOException {
        if (!MountTable.topmost(mountPoint).map(SecondaryNote::isNote).orElse(false)) {
            return;
        }
        try {
            Linux.umount2(mountPoint, Linux.MNT_DETACH);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
        }
    }

    private static boolean isNote(MountTable.Entry mounted) {
        return mounted.source().equals(SOURCE) && mounted.type().equals("tmpfs");
    }
}
