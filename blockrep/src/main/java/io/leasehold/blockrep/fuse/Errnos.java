package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.volume.Refusal;

/** From the volume's refusals to error numbers. */
final class Errnos {

    private Errnos() {}

    static int of(Refusal refusal) {
        return switch (refusal) {
            case NO_ENTRY -> Errno.ENOENT;
            case GONE -> Errno.ESTALE;
            case EXISTS -> Errno.EEXIST;
            case NOT_A_DIRECTORY -> Errno.ENOTDIR;
            case IS_A_DIRECTORY -> Errno.EISDIR;
            case NOT_EMPTY -> Errno.ENOTEMPTY;
            case INVALID -> Errno.EINVAL;
            case NAME_TOO_LONG -> Errno.ENAMETOOLONG;
            case FILE_TOO_LARGE -> Errno.EFBIG;
            case TOO_MANY_LINKS -> Errno.EMLINK;
            case NO_SPACE -> Errno.ENOSPC;
            case NO_ATTRIBUTE -> Errno.ENODATA;
            case NOT_SUPPORTED -> Errno.EOPNOTSUPP;
            case NOT_PERMITTED -> Errno.EPERM;
            case NO_SUCH_OFFSET -> Errno.ENXIO;
        };
    }
}
