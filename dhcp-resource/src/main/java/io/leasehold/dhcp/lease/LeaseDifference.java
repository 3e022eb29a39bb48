package io.leasehold.dhcp.lease;

import io.leasehold.dhcp.Ipv4Address;
import java.time.Instant;
import java.util.Optional;

/**
 * An address of which a lease file that was set aside says something else than the one in force:
 * another state, another end, another client, or nothing at all. Times that only say when something
 * was noted are not compared.
 *
 * @param aside the record that was set aside; at least one of the two is there
 * @param live the record in force
 * @param isAtRisk a client may be using the address by the record that was set aside, and the live
 *     file does not know it as that client's: it may be given to somebody else
 */
public record LeaseDifference(
        Ipv4Address address, Optional<Lease> aside, Optional<Lease> live, boolean isAtRisk) {

    /** Empty if both say the same. */
    static Optional<LeaseDifference> between(
            Ipv4Address address, Optional<Lease> aside, Optional<Lease> live, Instant now) {
        if (areSame(aside, live)) {
            return Optional.empty();
        }
        boolean isAtRisk =
                aside.filter(lease -> lease.isActiveAt(now)).isPresent()
                        && live.filter(lease -> lease.isActiveAt(now))
                                .filter(lease -> lease.client().equals(aside.get().client()))
                                .isEmpty();
        return Optional.of(new LeaseDifference(address, aside, live, isAtRisk));
    }

    private static boolean areSame(Optional<Lease> one, Optional<Lease> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one.equals(other);
        }
        return one.get().state() == other.get().state()
                && one.get().ends().equals(other.get().ends())
                && one.get().client().equals(other.get().client());
    }
}
