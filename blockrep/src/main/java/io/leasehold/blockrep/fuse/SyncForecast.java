package io.leasehold.blockrep.fuse;

/**
 * Guesses of a WRITE whether an FSYNC of the same file is about to follow, from what followed the
 * one before it.
 *
 * <pre>
 *   WRITE f        no       nothing is known of f
 *   FSYNC f                 it came right after a WRITE of f
 *   WRITE f        yes      and the guess is used up until its FSYNC has come
 *   WRITE f        no       so a file that is copied costs one flush too many
 * </pre>
 *
 * <p>One file is known at a time: a server that writes its leases is one writer, and where several
 * write at once, group commit serves them better than a guess.
 *
 * <p>Called by all readers without a lock: what their races can bring about is a wrong guess.
 */
final class SyncForecast {
    private static final int PAGE_BYTES = 4_096;

    /** No file: ids begin at 1. */
    private static final long NONE = 0;

    private volatile long lastWritten = NONE;
    private volatile long expected = NONE;

    /**
     * A file has been written to.
     *
     * @param endBytes where the written piece ends. The kernel cuts what a program writes at the
     *     ends of pages, so a piece that ends at one is probably not the last
     * @return whether its FSYNC is likely to come next
     */
    boolean written(long file, long endBytes) {
        boolean next = expected == file && endBytes % PAGE_BYTES != 0;
        if (next) {
            expected = NONE;
        }
        lastWritten = file;
        return next;
    }

    /** An FSYNC of a file has come. */
    void synced(long file) {
        if (lastWritten == file) {
            expected = file;
        }
    }
}
