package io.leasehold.ops.control;

import java.util.Optional;

/**
 * An address of which a branch and the live volume say different things.
 *
 * @param difference only-in-branch, only-live or different
 * @param atRisk a client may be using the address by what the branch says, and the live volume does
 *     not know it as that client's
 * @param branch what the branch says
 * @param live what the live volume says
 */
public record LeaseDifferenceView(
        String address,
        String difference,
        boolean atRisk,
        Optional<LeaseView> branch,
        Optional<LeaseView> live) {

    /**
     * The last record of an address.
     *
     * @param state as dhcpd writes it: active, free, expired, released, abandoned, reset, backup
     * @param ends UTC, ISO 8601, {@code never}, or {@code none} if the record does not say
     * @param client by its identifier ({@code uid 01:...}), else by its hardware address
     * @param hostname as the client sent it, may be empty
     */
    public record LeaseView(String state, String ends, String client, String hostname) {}
}
