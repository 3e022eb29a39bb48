package io.leasehold.heartbeat.keeper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What is mounted where, from {@code /proc/self/mountinfo}: unlike a look at the place itself, this
 * never hangs.
 */
final class Mounts {
    private static final Path MOUNT_INFO = Path.of("/proc/self/mountinfo");
    private static final int MOUNT_POINT_FIELD = 4;

    private Mounts() {}

    /** Whether the file system on top there is one of FUSE. */
    static boolean isFuseMount(Path mountPoint) throws IOException {
        boolean found = false;
        for (var line : Files.readAllLines(MOUNT_INFO)) {
            if (unescaped(line.split(" ", -1)[MOUNT_POINT_FIELD]).equals(mountPoint.toString())) {
                String type = line.substring(line.indexOf(" - ") + 3).split(" ", -1)[0];
                found = type.equals("fuse") || type.startsWith("fuse.");
            }
        }
        return found;
    }

    /** The kernel writes space, tab, newline and backslash as three octal digits. */
    private static String unescaped(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
