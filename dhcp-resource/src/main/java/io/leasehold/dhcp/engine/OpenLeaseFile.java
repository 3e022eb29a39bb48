package io.leasehold.dhcp.engine;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whether the file that dhcpd writes its leases to is the one that its successor will read. */
final class OpenLeaseFile {

    private static final String DELETED = " (deleted)";

    private OpenLeaseFile() {}

    /**
     * An open file of a process.
     *
     * @param target what {@code /proc/PID/fd/N} points to
     */
    record Open(String target, long inode) {}

    /**
     * What is wrong, if anything is. A file that still has the name of a rewrite under way is
     * right: dhcpd writes it before it takes the place of the lease file.
     */
    static Optional<Open> detached(List<Open> open, Path leases, long leasesInode) {
        var name = leases.toString();
        for (var file : open) {
            boolean deleted = file.target().endsWith(DELETED);
            var path =
                    deleted
                            ? file.target().substring(0, file.target().length() - DELETED.length())
                            : file.target();
            boolean isLeaseFile = path.equals(name);
            boolean isRewrite =
                    path.startsWith(name + ".")
                            && path.substring(name.length() + 1)
                                    .chars()
                                    .allMatch(c -> c >= '0' && c <= '9');
            // leases~ is the same file between link(2) and rename(2), and the old one after that.
            if ((deleted && (isLeaseFile || isRewrite))
                    || (isLeaseFile && file.inode() != leasesInode)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** Regular open files of a process; empty if it is gone. */
    static List<Open> of(Path proc, int pid) throws IOException {
        var open = new ArrayList<Open>();
        try (var descriptors = Files.newDirectoryStream(proc.resolve(pid + "/fd"))) {
            for (var descriptor : descriptors) {
                var target = Files.readSymbolicLink(descriptor).toString();
                if (target.startsWith("/") && !target.startsWith("/dev/")) {
                    open.add(new Open(target, inode(descriptor)));
                }
            }
        } catch (NoSuchFileException | DirectoryIteratorException _) {
            // It ended, or closed a file, while we looked: the next look will see.
            return List.of();
        }
        return open;
    }

    static long inode(Path file) throws IOException {
        return ((Number) Files.getAttribute(file, "unix:ino")).longValue();
    }
}
