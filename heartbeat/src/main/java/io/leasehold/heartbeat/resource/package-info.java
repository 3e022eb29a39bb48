/**
 * Pure resource manager: what starts and stops in which order, what is monitored, and when a
 * restart becomes a failover.
 *
 * <p>Resources are data: an ordered list. A list is started from its first to its last, stopped
 * from its last to its first, and the gate stands at one place in it (DESIGN.md, invariant 7). What
 * a start does is the shell's business. Start reading at {@link
 * io.leasehold.heartbeat.resource.ResourceManager}.
 */
@NullMarked
package io.leasehold.heartbeat.resource;

import org.jspecify.annotations.NullMarked;
