/**
 * Thousands of DHCP clients on one raw socket: they obtain leases, renew them as their state
 * demands, answer ARP for their addresses, and remember what they were told.
 *
 * <p>Written in bytes and apart from the production code on purpose: what it accepts as an answer
 * is what RFC 2131 says a client accepts, whatever our own codec believes. It only counts; judging
 * is for the caller. Start reading at {@link io.leasehold.itests.lab.client.Clients}.
 */
@NullMarked
package io.leasehold.itests.lab.client;

import org.jspecify.annotations.NullMarked;
