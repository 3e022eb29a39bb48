/**
 * The promotion guard: what is looked at, and put right where that is safe, before a DHCP server
 * starts on a volume.
 *
 * <p>Why it exists: dhcpd accepts a torn last record and then NAKs the rightful holder; it accepts
 * an empty lease file and then knows nobody; it erases leases outside its configuration with its
 * first rewrite; it frees leases early if its clock is ahead. Each of these is quiet. The guard
 * makes them loud, or harmless, before the first packet is answered. Start reading at {@link
 * io.leasehold.dhcp.guard.PromotionGuard}.
 */
@NullMarked
package io.leasehold.dhcp.guard;

import org.jspecify.annotations.NullMarked;
