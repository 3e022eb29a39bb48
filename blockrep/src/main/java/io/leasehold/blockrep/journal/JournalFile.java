package io.leasehold.blockrep.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * One preallocated file of a journal. Any exception means that this disk is gone (R32): the caller
 * never tries again.
 */
public interface JournalFile extends AutoCloseable {

    /** For messages. */
    Path path();

    long sizeBytes();

    /** Fills {@code target}; the file is large enough. */
    void read(ByteBuffer target, long offsetBytes) throws IOException;

    /**
     * Writes all of {@code source} within the file's size. When it returns, the bytes survive the
     * death of this process, not yet that of the machine.
     */
    void write(ByteBuffer source, long offsetBytes) throws IOException;

    /** Returns when everything written before the call survives a loss of power. */
    void sync() throws IOException;

    @Override
    void close() throws IOException;
}
