package io.leasehold.blockrep;

import io.leasehold.blockrep.replication.NodeName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much room the disk of this copy has: what a person must know when something on it failed, and
 * whether a successor may use a disk that failed for want of room (R32). Any thread.
 */
final class DiskRoom {
    private static final Logger log = LoggerFactory.getLogger(DiskRoom.class);

    private final NodeName self;
    private final Path directory;
    private final long bytesWanted;
    private final Free free;
    private volatile boolean failedForWant;

    /** How much this process could still write. */
    interface Free {
        long bytes() throws IOException;
    }

    static DiskRoom of(VolumeConfiguration configuration) {
        var directory = configuration.directory();
        return new DiskRoom(
                configuration.self(),
                directory,
                VolumeConfiguration.roomBytesWanted(configuration.reserveBytes()),
                // Not what others may use: this process may use all.
                () -> Files.getFileStore(directory).getUnallocatedSpace());
    }

    /**
     * @param bytesWanted as {@link VolumeConfiguration#roomBytesWanted}
     */
    DiskRoom(NodeName self, Path directory, long bytesWanted, Free free) {
        this.self = self;
        this.directory = directory;
        this.bytesWanted = bytesWanted;
        this.free = free;
    }

    /** This disk has failed, for this process for ever; says why, and what a person does. */
    String failed(String failure) {
        failedForWant = isShort();
        return failedForWant
                ? "it is full (%s): %s".formatted(failure, remedy())
                : "%s: when it works again, or is another one, restart the daemon of %s"
                        .formatted(failure, self);
    }

    /** A change was refused that is made again later; says why, and what a person does. */
    String refused(String failure) {
        return isShort()
                ? "the disk of %s is full (%s): %s".formatted(self, failure, remedy())
                : failure;
    }

    /** It failed when it was full, and is not any more. */
    boolean isThereAgain() {
        return failedForWant && freeBytes().orElse(0) >= bytesWanted;
    }

    private String remedy() {
        return "make room below %s; with %d MiB free it is used again by itself"
                .formatted(directory, bytesWanted >> 20);
    }

    private boolean isShort() {
        return freeBytes().orElse(bytesWanted) < bytesWanted;
    }

    /** Empty: the disk does not tell. */
    private OptionalLong freeBytes() {
        try {
            return OptionalLong.of(free.bytes());
        } catch (IOException e) {
            log.warn("cannot tell how much is free below {}: {}", directory, e.getMessage());
            return OptionalLong.empty();
        }
    }
}
