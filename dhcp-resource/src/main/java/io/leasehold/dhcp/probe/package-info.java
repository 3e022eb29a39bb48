/**
 * Asks the DHCP server what a client would ask, from where a client would ask, and judges the
 * answer.
 *
 * <p>No lease is consumed and nothing is written. A red probe says that clients are not served; a
 * green one that the process answers, with the right server identifier, through the kernel gate. It
 * does not prove that leases can be stored. An answer of somebody else is an alarm of its own. ADR
 * 0042 says which question is asked and why. Start reading at {@link
 * io.leasehold.dhcp.probe.DhcpProbe}.
 */
@NullMarked
package io.leasehold.dhcp.probe;

import org.jspecify.annotations.NullMarked;
