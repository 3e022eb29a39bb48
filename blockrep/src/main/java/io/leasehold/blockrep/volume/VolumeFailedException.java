package io.leasehold.blockrep.volume;

/**
 * The volume cannot do what it must not refuse either (its disk is gone or full): the request gets
 * no answer at all. An error would reach dhcpd, which then acknowledges a lease that is nowhere.
 */
public final class VolumeFailedException extends Exception {

    private static final long serialVersionUID = 1L;

    VolumeFailedException(String reason) {
        super(reason);
    }
}
