package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.linux.Linux;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A journal's files in a directory. System calls instead of channels: a thread that is interrupted
 * closes a {@link java.nio.channels.FileChannel} under everybody else.
 */
public final class DiskJournalDirectory implements JournalDirectory {
    private static final int ZEROS_BYTES = 1 << 20;

    private final Path path;

    /** Creates the directory if it is not there. */
    public DiskJournalDirectory(Path path) throws IOException {
        this.path = Files.createDirectories(path);
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public boolean exists(String name) {
        return Files.exists(path.resolve(name));
    }

    @Override
    public JournalFile create(String name, long sizeBytes) throws IOException {
        var temporary = path.resolve(name + ".new");
        int descriptor = Linux.open(temporary, Linux.O_RDWR | Linux.O_CREAT, 0600);
        try {
            Linux.ftruncate(descriptor, 0);
            var zeros = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(ZEROS_BYTES));
            // Real zeros: blocks that are only allocated would be marked as written at the first
            // append into each of them, and that is a commit of the file system's own journal.
            for (long at = 0; at < sizeBytes; at += ZEROS_BYTES) {
                Linux.pwriteFully(descriptor, zeros, Math.min(ZEROS_BYTES, sizeBytes - at), at);
            }
            Linux.fsync(descriptor);
        } catch (IOException e) {
            // Half of it would keep a full disk fuller.
            Files.deleteIfExists(temporary);
            throw e;
        } finally {
            Linux.close(descriptor);
        }
        Files.move(temporary, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        syncDirectory();
        return open(name);
    }

    @Override
    public JournalFile open(String name) throws IOException {
        return new DiskFile(path.resolve(name));
    }

    private void syncDirectory() throws IOException {
        int descriptor = Linux.open(path, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        try {
            Linux.fsync(descriptor);
        } finally {
            Linux.close(descriptor);
        }
    }

    private static final class DiskFile implements JournalFile {
        private final Path path;
        private final int descriptor;
        private final long sizeBytes;

        /**
         * Shared by all calls; {@link #close} waits for them: a descriptor's number is used again.
         */
        private final ReentrantReadWriteLock open = new ReentrantReadWriteLock();

        private boolean closed;

        DiskFile(Path path) throws IOException {
            this.path = path;
            sizeBytes = Files.size(path);
            descriptor = Linux.open(path, Linux.O_RDWR, 0);
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        @Override
        public void read(ByteBuffer target, long offsetBytes) throws IOException {
            open.readLock().lock();
            try {
                checkOpen();
                while (target.hasRemaining()) {
                    long count =
                            Linux.pread(
                                    descriptor,
                                    MemorySegment.ofBuffer(target),
                                    target.remaining(),
                                    offsetBytes);
                    if (count == 0) {
                        throw new EOFException(path + ": ends at offset " + offsetBytes);
                    }
                    target.position(target.position() + (int) count);
                    offsetBytes += count;
                }
            } finally {
                open.readLock().unlock();
            }
        }

        @Override
        public void write(ByteBuffer source, long offsetBytes) throws IOException {
            open.readLock().lock();
            try {
                checkOpen();
                Linux.pwriteFully(
                        descriptor,
                        MemorySegment.ofBuffer(source),
                        source.remaining(),
                        offsetBytes);
            } finally {
                open.readLock().unlock();
            }
        }

        @Override
        public void sync() throws IOException {
            open.readLock().lock();
            try {
                checkOpen();
                Linux.fdatasync(descriptor);
            } finally {
                open.readLock().unlock();
            }
        }

        @Override
        public void close() {
            open.writeLock().lock();
            try {
                if (!closed) {
                    closed = true;
                    Linux.close(descriptor);
                }
            } finally {
                open.writeLock().unlock();
            }
        }

        private void checkOpen() throws IOException {
            if (closed) {
                throw new IOException(path + ": closed");
            }
        }
    }
}
