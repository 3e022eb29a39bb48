/**
 * Lease files of dhcpd, read by a parser of our own, and what they say who holds.
 *
 * <p>dhcpd's own reading is no check: it enters a torn last record, drops what it does not
 * understand, and {@code dhcpd -T} exits 0 either way. This reader tells the three cases apart that
 * matter before a server starts: the file is whole; its last record is torn (cut it off, keep it);
 * something in the middle is damaged (a person must look). ADR 0040 has the reasons.
 *
 * <p>Start reading at {@link io.leasehold.dhcp.lease.LeaseFileParser}; what a file says in the end
 * is a {@link io.leasehold.dhcp.lease.LeaseTable}; {@link io.leasehold.dhcp.lease.LeaseFollower}
 * keeps one up to date behind a growing file.
 */
@NullMarked
package io.leasehold.dhcp.lease;

import org.jspecify.annotations.NullMarked;
