package io.leasehold.itests.lab.client;

import java.util.Locale;

/**
 * One simulated client.
 *
 * @param index tells it from the others on its subnet, 0 to 2^24-1
 */
public record Station(Subnet subnet, int index) {
    /** Indexes from here on are for probes; they are never remembered as clients. */
    static final int FIRST_PROBE_INDEX = 0x80_0000;

    /** Where a client lives. */
    public enum Subnet {
        /** On the servers' own LAN. */
        LAN(0xC1),
        /** Behind the relay. */
        BRANCH(0xC2);

        private final int hardwareNumber;

        Subnet(int hardwareNumber) {
            this.hardwareNumber = hardwareNumber;
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Station {
        if (index < 0 || index > 0xFF_FFFF) {
            throw new IllegalArgumentException("index of a station: " + index);
        }
    }

    /** Locally administered; the low 48 bits. */
    long hardwareAddress() {
        return 0x0200_0000_0000L | (long) subnet.hardwareNumber << 32 | index;
    }

    /** As dhcpd writes it, for example {@code 02:c1:00:00:01:2a}. */
    public String hardwareText() {
        long hardware = hardwareAddress();
        return "%02x:%02x:%02x:%02x:%02x:%02x"
                .formatted(
                        hardware >>> 40 & 0xff,
                        hardware >>> 32 & 0xff,
                        hardware >>> 24 & 0xff,
                        hardware >>> 16 & 0xff,
                        hardware >>> 8 & 0xff,
                        hardware & 0xff);
    }
}
