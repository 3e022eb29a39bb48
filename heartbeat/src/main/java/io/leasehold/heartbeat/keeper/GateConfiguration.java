package io.leasehold.heartbeat.keeper;

import java.net.Inet4Address;
import java.util.List;

/**
 * Where the gate stands.
 *
 * @param guarded the client interfaces, each with the virtual address that the node may show there
 */
public record GateConfiguration(List<Guarded> guarded) {
    static final int GUARDED_MAX = 64;

    public GateConfiguration {
        guarded = List.copyOf(guarded);
        if (guarded.size() > GUARDED_MAX) {
            throw new IllegalArgumentException("more than " + GUARDED_MAX + " guarded addresses");
        }
    }

    /** One virtual address on one interface; an interface may occur with several. */
    public record Guarded(String interfaceName, Inet4Address virtualAddress) {}
}
