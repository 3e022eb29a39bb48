package io.leasehold.itests.lab.network;

/**
 * The addresses of the lab: those that RFC 5737 (TEST-NET) and RFC 2544 (benchmarks, 198.18.0.0/15,
 * for pools larger than a /24) set aside, which no real network uses.
 */
public final class Addresses {
    public static final String LAN_INTERFACE = "lan0";
    public static final String CROSSOVER_INTERFACE = "xover";

    /** A server's second card on the LAN, from which it asks its own service as a client would. */
    public static final String PROBE_INTERFACE = "probe0";

    public static final String BRANCH_INTERFACE = "branch0";

    public static final String LAN_NETWORK = "198.18.0.0";
    public static final String LAN_NETMASK = "255.254.0.0";
    public static final int LAN_PREFIX_LENGTH = 15;
    public static final int CROSSOVER_PREFIX_LENGTH = 24;

    /** Where clients find the DHCP service, whichever box serves. */
    public static final String VIP = "198.18.0.10";

    public static final String BRANCH_NETWORK = "203.0.113.0";
    public static final String BRANCH_NETMASK = "255.255.255.0";
    public static final int BRANCH_PREFIX_LENGTH = 24;

    /** The relay's address in the second subnet: giaddr of what it relays. */
    public static final String BRANCH_ROUTER = "203.0.113.1";

    public static final String BRANCH_POOL_FIRST = "203.0.113.10";
    public static final String BRANCH_POOL_LAST = "203.0.113.250";
    public static final int BRANCH_POOL_SIZE = 241;

    /** 198.18.16.0; what is below belongs to the nodes. */
    private static final int POOL_FIRST = 0xC6121000;

    /** Up to 198.19.255.239. */
    public static final int POOL_SIZE_MAX = 0xC613FFEF - POOL_FIRST + 1;

    private Addresses() {}

    public static String poolFirst() {
        return dotted(POOL_FIRST);
    }

    /** The last address of a pool of this size on the LAN. */
    public static String poolLast(int size) {
        if (size < 1 || size > POOL_SIZE_MAX) {
            throw new IllegalArgumentException(
                    "a pool has 1 to %d addresses, not %d".formatted(POOL_SIZE_MAX, size));
        }
        return dotted(POOL_FIRST + size - 1);
    }

    /** The address at an index of the pool. */
    public static String poolAddress(int index) {
        return dotted(POOL_FIRST + index);
    }

    public static String dotted(int address) {
        return "%d.%d.%d.%d"
                .formatted(
                        address >>> 24,
                        (address >>> 16) & 0xff,
                        (address >>> 8) & 0xff,
                        address & 0xff);
    }

    /**
     * The bits of a dotted IPv4 address.
     *
     * @throws IllegalArgumentException if the text is no IPv4 address
     */
    public static int parse(String dotted) {
        var parts = dotted.split("\\.", -1);
        if (parts.length != 4) {
            throw new IllegalArgumentException("no IPv4 address: " + dotted);
        }
        int address = 0;
        for (var part : parts) {
            int octet = Integer.parseInt(part);
            if (octet < 0 || octet > 255) {
                throw new IllegalArgumentException("no IPv4 address: " + dotted);
            }
            address = address << 8 | octet;
        }
        return address;
    }
}
