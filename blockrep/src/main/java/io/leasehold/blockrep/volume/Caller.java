package io.leasehold.blockrep.volume;

/**
 * Who asks.
 *
 * @param pid in the mount's pid namespace; of a thread if that is not the first of its process; 0
 *     for the kernel itself
 */
public record Caller(int uid, int gid, int pid) {}
