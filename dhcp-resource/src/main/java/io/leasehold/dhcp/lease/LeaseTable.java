package io.leasehold.dhcp.lease;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a lease file says in the end: the last record of each address. Immutable; the indexes by
 * client are made when first asked for.
 */
public final class LeaseTable {

    public static final LeaseTable EMPTY = new LeaseTable(Map.of());

    private final Map<Ipv4Address, Lease> byAddress;
    private volatile Map<Octets, List<Lease>> byUid = Map.of();
    private volatile Map<Hardware, List<Lease>> byHardware = Map.of();

    private LeaseTable(Map<Ipv4Address, Lease> byAddress) {
        this.byAddress = byAddress;
    }

    public int size() {
        return byAddress.size();
    }

    /** In the order in which the addresses first appeared in the file. */
    public Collection<Lease> leases() {
        return Collections.unmodifiableCollection(byAddress.values());
    }

    public Optional<Lease> byAddress(Ipv4Address address) {
        return Optional.ofNullable(byAddress.get(address));
    }

    /** Leases whose last record names this client identifier, whatever their state. */
    public List<Lease> byUid(Octets uid) {
        if (byUid.isEmpty()) {
            byUid = index(Lease::uid, Octets.EMPTY);
        }
        return byUid.getOrDefault(uid, List.of());
    }

    /** Leases whose last record names this hardware address, whatever their state. */
    public List<Lease> byHardware(Hardware hardware) {
        if (byHardware.isEmpty()) {
            byHardware = index(Lease::hardware, Hardware.NONE);
        }
        return byHardware.getOrDefault(hardware, List.of());
    }

    public int activeAt(Instant now) {
        int active = 0;
        for (var lease : byAddress.values()) {
            active += lease.isActiveAt(now) ? 1 : 0;
        }
        return active;
    }

    private <K> Map<K, List<Lease>> index(Function<Lease, K> key, K absent) {
        var index = new HashMap<K, List<Lease>>();
        for (var lease : byAddress.values()) {
            var value = key.apply(lease);
            if (!value.equals(absent)) {
                index.computeIfAbsent(value, _ -> new ArrayList<>(1)).add(lease);
            }
        }
        return index;
    }

    /** Collects records; a later one of the same address wins. Not for use by several threads. */
    public static final class Builder implements LeaseFileHandler {
        private final Map<Ipv4Address, Lease> byAddress = new LinkedHashMap<>();
        private Octets serverDuid = Octets.EMPTY;

        @Override
        public void lease(Lease lease, long fromOffset, long toOffset) {
            byAddress.put(lease.address(), lease);
        }

        @Override
        public void serverDuid(Octets duid) {
            serverDuid = duid;
        }

        public Octets serverDuid() {
            return serverDuid;
        }

        /** A table of what was collected so far; the builder can go on. */
        public LeaseTable build() {
            return new LeaseTable(new LinkedHashMap<>(byAddress));
        }
    }
}
