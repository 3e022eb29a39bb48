/**
 * Runs a DHCP server as a resource of the cluster, and refuses to start it on leases it cannot
 * trust.
 */
@NullMarked
package io.leasehold.dhcp;

import org.jspecify.annotations.NullMarked;
