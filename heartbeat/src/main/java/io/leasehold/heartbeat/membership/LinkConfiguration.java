package io.leasehold.heartbeat.membership;

/**
 * One heartbeat link.
 *
 * @param pointToPoint a cable from box to box: loss of its carrier says that the other end is
 *     without power (or that the cable was pulled)
 */
public record LinkConfiguration(LinkName name, boolean pointToPoint) {}
