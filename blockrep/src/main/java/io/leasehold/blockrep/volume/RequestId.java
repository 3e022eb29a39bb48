package io.leasehold.blockrep.volume;

/**
 * Which request of a front-end caused an operation, so that a request that is sent again after a
 * restart of the daemon is answered and not done twice.
 *
 * @param mountIncarnation tells one mount from the next, whose requests are counted from the start
 *     again
 * @param unique the request's number within the mount (FUSE: {@code unique} without the resend bit)
 */
public record RequestId(long mountIncarnation, long unique) {

    /**
     * For an operation that no request asked for, or that only prepares the one that answers the
     * request.
     */
    public static final RequestId NONE = new RequestId(0, 0);
}
