package io.leasehold.ops.node;

import io.leasehold.blockrep.VolumeConfiguration;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.Configuration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The room on the disks of a node that a start needs. Looked at only after a start has failed: what
 * little is left may be enough for it, and a daemon that is started anew under a live mount has no
 * time to lose.
 */
final class StartRoom {
    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final NodeName self;
    private final List<Path> directories;
    private final long bytesWanted;
    private final Free free;

    /** How much this process could still write there. */
    interface Free {
        long bytes(Path directory) throws IOException;
    }

    static StartRoom of(Configuration configuration, NodeName self) {
        var volume = configuration.volume();
        return new StartRoom(
                self,
                List.of(
                        volume.directory(),
                        volume.journal().directory(),
                        configuration.paths().stateDirectory()),
                VolumeConfiguration.roomBytesWanted(volume.reserveBytes()),
                // Not what others may use: this process may use all.
                directory -> Files.getFileStore(existing(directory)).getUnallocatedSpace());
    }

    StartRoom(NodeName self, List<Path> directories, long bytesWanted, Free free) {
        this.self = self;
        this.directories = List.copyOf(directories);
        this.bytesWanted = bytesWanted;
        this.free = free;
    }

    /**
     * What a person does about a start that failed, if that may be for want of room.
     *
     * @param failure how it failed
     */
    Optional<String> remedy(String failure) {
        for (var directory : directories) {
            long bytes = freeBytes(directory);
            if (bytes < bytesWanted) {
                return Optional.of(
                        ("the disk of %s is full (%s): make room below %s, where %d MiB are free; with %d MiB"
                                        + " it starts by itself")
                                .formatted(
                                        self, failure, directory, bytes >> 20, bytesWanted >> 20));
            }
        }
        return Optional.empty();
    }

    /** Returns when there is room, or after so long. */
    boolean await(Duration limit) throws InterruptedException {
        for (long left = limit.dividedBy(LOOK_INTERVAL); !isThere(); left--) {
            if (left <= 0) {
                return false;
            }
            Thread.sleep(LOOK_INTERVAL);
        }
        return true;
    }

    private boolean isThere() {
        return directories.stream().allMatch(directory -> freeBytes(directory) >= bytesWanted);
    }

    /** A disk that does not tell is not taken for a full one. */
    private long freeBytes(Path directory) {
        try {
            return free.bytes(directory);
        } catch (IOException e) {
            return bytesWanted;
        }
    }

    /** That directory, or the one in which it is to be made. */
    private static Path existing(Path directory) {
        var path = directory.toAbsolutePath();
        while (!Files.exists(path) && path.getParent() != null) {
            path = path.getParent();
        }
        return path;
    }
}
