package io.leasehold.dhcp.lease;

/** State of a lease as dhcpd writes it (dhcpd.leases(5), "binding state"). */
public enum BindingState {
    FREE,
    ACTIVE,
    EXPIRED,
    RELEASED,
    /** Somebody else was seen on the address: a ping was answered, or a client declined it. */
    ABANDONED,
    RESET,
    /** Free, but reserved for the failover peer. Without one dhcpd makes it free at its start. */
    BACKUP
}
