package io.leasehold.blockrep.fuse;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is mounted where, by the kernel's own table: a look at the place itself would ask whoever
 * serves it, and wait for an answer.
 */
final class MountTable {
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");

    private MountTable() {}

    /**
     * One line of the table.
     *
     * @param deviceMinor of an anonymous device: for FUSE, the number of its connection
     */
    record Entry(String source, String type, int deviceMinor) {
        boolean isVolume() {
            return type.equals(FuseMount.TYPE);
        }
    }

    /** What a user of that path gets, if several things are mounted over one another there. */
    static Optional<Entry> topmost(Path mountPoint) throws IOException {
        var mounted = at(mountPoint);
        return mounted.isEmpty() ? Optional.empty() : Optional.of(mounted.getLast());
    }

    /** Whether a volume is mounted there, and something else over it. */
    static boolean isCovered(Path mountPoint) throws IOException {
        var mounted = at(mountPoint);
        return mounted.stream().anyMatch(Entry::isVolume) && !mounted.getLast().isVolume();
    }

    private static List<Entry> at(Path mountPoint) throws IOException {
        var path = mountPoint.toAbsolutePath().normalize().toString().replace(" ", "\\040");
        var found = new ArrayList<Entry>();
        for (var line : Files.readAllLines(MOUNTS, StandardCharsets.ISO_8859_1)) {
            // proc_pid_mountinfo(5): id, parent, major:minor, root, mount point, options, any
            // number of optional fields, "-", type, source, …; what is mounted later comes later.
            var fields = Splitter.on(' ').splitToList(line);
            if (fields.get(4).equals(path)) {
                int end = fields.indexOf("-");
                var device = Splitter.on(':').splitToList(fields.get(2));
                found.add(
                        new Entry(
                                fields.get(end + 2),
                                fields.get(end + 1),
                                Integer.parseInt(device.get(1))));
            }
        }
        return found;
    }

    /** The connection of the volume that is on top there. */
    static OptionalInt connectionAt(Path mountPoint) throws IOException {
        var volume = topmost(mountPoint).filter(Entry::isVolume);
        return volume.isPresent()
                ? OptionalInt.of(volume.get().deviceMinor())
                : OptionalInt.empty();
    }
}
