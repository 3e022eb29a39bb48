package io.leasehold.blockrep.volume;

import java.util.function.IntPredicate;

/**
 * The last space on a disk, kept for those who must go on when somebody else has filled it.
 *
 * @param bytes what everybody else leaves free
 * @param mayUse which processes (by pid, see {@link Caller}) may use it: the DHCP server, and who
 *     prepares its start
 */
public record SpaceReserve(long bytes, IntPredicate mayUse) {}
