package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.network.Addresses;
import java.time.Duration;
import java.time.Instant;

/**
 * What a client was told and believes.
 *
 * @param acknowledgedAt when the last ACK arrived
 */
public record HeldLease(
        Station station, String address, String server, int leaseSeconds, Instant acknowledgedAt) {

    /** Until when the client uses the address. */
    public Instant expiry() {
        return acknowledgedAt.plusSeconds(leaseSeconds);
    }

    /** How a client of RFC 2131 (§4.4.5, with the default T1 and T2) would ask now. */
    RenewalState stateAt(Instant now) {
        var age = Duration.between(acknowledgedAt, now).toMillis();
        long lease = leaseSeconds * 1000L;
        if (age >= lease) {
            return RenewalState.INIT_REBOOT;
        }
        return age * 8 >= lease * 7 ? RenewalState.REBINDING : RenewalState.RENEWING;
    }

    int addressBits() {
        return Addresses.parse(address);
    }

    int serverBits() {
        return Addresses.parse(server);
    }
}
