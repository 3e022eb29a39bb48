/**
 * Runs an unmodified DHCP server as a resource of the cluster, and refuses to start it on leases or
 * a configuration that it cannot trust.
 *
 * <p>What happens to the server on a node, in the order of DESIGN.md's invariant 7:
 *
 * <ol>
 *   <li>{@code guard} looks at the volume before the server does: torn tail trimmed and kept,
 *       amnesia refused, clock within bounds, an accepted configuration present.
 *   <li>{@code engine} starts the server on that configuration and says when it is ready.
 *   <li>{@code probe} asks it for an address as a client would.
 *   <li>{@code config} watches for edits; a good one becomes the next generation and is applied by
 *       a restart, a bad one is refused with file and line while the old one stays in force.
 * </ol>
 *
 * <p>Below them {@code lease} reads lease files and {@code packet} DHCP packets. This package holds
 * the three words that all of them share: a {@link io.leasehold.dhcp.Finding}, an {@link
 * io.leasehold.dhcp.Ipv4Address}, and the {@link io.leasehold.dhcp.VolumeLayout}.
 */
@NullMarked
package io.leasehold.dhcp;

import org.jspecify.annotations.NullMarked;
