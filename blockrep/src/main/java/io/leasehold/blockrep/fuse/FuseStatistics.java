package io.leasehold.blockrep.fuse;

/**
 * Counters of one mount since this process serves it.
 *
 * @param resent requests that the kernel sent again after a restart of the daemon
 * @param answeredFromJournal those of them that had been carried out before
 * @param unanswered requests that got no answer because the volume has failed
 */
public record FuseStatistics(
        long requests,
        long writes,
        long syncs,
        long resent,
        long answeredFromJournal,
        long unanswered) {}
