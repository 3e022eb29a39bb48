package io.leasehold.dhcp.lease;

import java.time.Instant;

/**
 * A time in a lease file.
 *
 * @param epochSecond seconds since 1970 in UTC; {@link Long#MAX_VALUE} for never
 */
public record LeaseTime(long epochSecond) implements Comparable<LeaseTime> {

    /** dhcpd omits a time of 0, so an absent one reads as this. */
    public static final LeaseTime NONE = new LeaseTime(0);

    public static final LeaseTime NEVER = new LeaseTime(Long.MAX_VALUE);

    /** From here on dhcpd 4.4 itself reads "never" (MAX_TIME, 2038-01-19). */
    static final long NEVER_FROM_EPOCH_SECOND = 0x7fff_ffffL;

    static LeaseTime ofEpochSecond(long epochSecond) {
        if (epochSecond >= NEVER_FROM_EPOCH_SECOND) {
            return NEVER;
        }
        return epochSecond <= 0 ? NONE : new LeaseTime(epochSecond);
    }

    public boolean isNever() {
        return epochSecond == Long.MAX_VALUE;
    }

    public boolean isAfter(Instant instant) {
        return epochSecond > instant.getEpochSecond();
    }

    @Override
    public int compareTo(LeaseTime other) {
        return Long.compare(epochSecond, other.epochSecond);
    }

    @Override
    public String toString() {
        if (isNever()) {
            return "never";
        }
        return epochSecond == 0 ? "none" : Instant.ofEpochSecond(epochSecond).toString();
    }
}
