package io.leasehold.dhcp.lease;

import io.leasehold.dhcp.Finding;
import java.util.List;

/**
 * What reading a lease file found, apart from the leases.
 *
 * @param completeToOffset first byte after the last complete declaration
 * @param completeToLine the line that this offset lies on, from 1
 * @param completeToLineOffset where that line begins
 * @param declarations complete declarations of all kinds; 0 means that the file says nothing
 * @param damaged places where something was dropped; dhcpd would drop it too
 * @param findings the first ones, with their places; errors for what was dropped
 */
public record LeaseFileReading(
        long completeToOffset,
        int completeToLine,
        long completeToLineOffset,
        long declarations,
        int damaged,
        List<Finding> findings,
        End end) {

    public LeaseFileReading {
        findings = List.copyOf(findings);
    }

    /** How the file ends. */
    public sealed interface End {

        /** After a complete declaration, or with nothing but white space and comments behind it. */
        record Whole() implements End {}

        /**
         * Within a declaration.
         *
         * @param fromOffset where the incomplete declaration begins: cut here
         * @param line of that place
         * @param what the beginning of it, for a person: {@code lease 192.0.2.7}
         */
        record Torn(long fromOffset, int line, String what) implements End {}
    }
}
