package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.linux.SpaceStatus;
import java.io.IOException;

/**
 * Answers whether a change still fits on the disk, before it gets a place in the order: afterwards
 * it is too late to say no. Keeps a reserve for the DHCP server, so that an administrator's big
 * file does not cost the service.
 *
 * <p>Guesses from the last look at the disk and what was granted since; looks again when that is
 * used up.
 */
final class SpaceGuard {

    /** What nobody may have: operations that are granted need metadata too. */
    static final long FLOOR_BYTES = 4L << 20;

    private static final long METADATA_BYTES = 4_096;

    /**
     * So much is granted without another look, which costs microseconds. Not more than the floor:
     * somebody else may fill the disk meanwhile, and the reserve must not pay for it.
     */
    static final long GRANT_BYTES_MAX = FLOOR_BYTES;

    enum Verdict {
        FITS,
        /** Only the reserve is left, and the caller may not use that. */
        REFUSED,
        /** The reserve is gone too. */
        EXHAUSTED
    }

    /** Looks at the disk. */
    interface Look {
        SpaceStatus space() throws IOException;
    }

    private final Look look;

    /** What ordinary callers leave free. */
    private final long reserveBytes;

    private long grantedBytes;

    SpaceGuard(Look look, long reserveBytes) {
        this.look = look;
        this.reserveBytes = Math.max(reserveBytes, FLOOR_BYTES);
    }

    /** What ordinary callers leave free. */
    long reserveBytes() {
        return reserveBytes;
    }

    /** Whether {@code sizeBytes} more fit. */
    synchronized Verdict ask(long sizeBytes, long pendingBytes, boolean mayUseReserve)
            throws IOException {
        long neededBytes = Math.addExact(sizeBytes, METADATA_BYTES);
        if (neededBytes <= grantedBytes) {
            grantedBytes -= neededBytes;
            return Verdict.FITS;
        }
        var space = look.space();
        long freeBytes = space.freeBlocks() * space.fragmentBytes() - pendingBytes;
        if (freeBytes - reserveBytes >= neededBytes) {
            // Half of it only: the disk may have other users, and they are as quick.
            grantedBytes = Math.min((freeBytes - reserveBytes - neededBytes) / 2, GRANT_BYTES_MAX);
            return Verdict.FITS;
        }
        grantedBytes = 0;
        if (!mayUseReserve) {
            return Verdict.REFUSED;
        }
        return freeBytes - FLOOR_BYTES >= neededBytes ? Verdict.FITS : Verdict.EXHAUSTED;
    }
}
