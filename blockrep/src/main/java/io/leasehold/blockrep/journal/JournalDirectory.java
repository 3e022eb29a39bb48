package io.leasehold.blockrep.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Where a journal's files are. A door: behind it is a disk, or in tests and in the simulator one
 * that loses what was not synced, tears writes and fails.
 */
public interface JournalDirectory {

    /** For messages. */
    Path path();

    boolean exists(String name) throws IOException;

    /**
     * Creates a file of zeros. It is allocated and durable, its entry included, when this returns;
     * after a crash it is either whole or not there. Replaces an existing file.
     */
    JournalFile create(String name, long sizeBytes) throws IOException;

    JournalFile open(String name) throws IOException;

    /** Zeros, in memory that the files here read into and write from without a copy. */
    default ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes);
    }
}
