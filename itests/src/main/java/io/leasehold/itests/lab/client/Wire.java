package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.linux.LinuxException;
import io.leasehold.itests.lab.linux.NetworkNamespace;
import io.leasehold.itests.lab.linux.PacketSocket;
import io.leasehold.itests.lab.linux.Poller;
import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNetwork;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** All subnets on which clients live. Owned by one thread once it is open. */
final class Wire implements AutoCloseable {
    private static final long RESOLVE_NANOS_MAX = 2_000_000_000L;
    private static final long RESOLVE_RETRY_NANOS = 100_000_000L;

    private final List<Segment> segments;
    private final Poller poller;

    private Wire(List<Segment> segments) {
        this.segments = segments;
        this.poller = new Poller(segments.stream().map(Segment::socket).toList());
    }

    static Wire open(LabNetwork network) throws IOException, InterruptedException {
        var segments = new ArrayList<Segment>();
        for (var subnet : Station.Subnet.values()) {
            var node = nodeOf(subnet);
            var card =
                    switch (subnet) {
                        case LAN -> Addresses.LAN_INTERFACE;
                        case BRANCH -> Addresses.BRANCH_INTERFACE;
                    };
            var nextHop =
                    switch (subnet) {
                        case LAN -> Addresses.VIP;
                        case BRANCH -> Addresses.BRANCH_ROUTER;
                    };
            var socket =
                    NetworkNamespace.call(
                            network.namespaceFile(node), () -> PacketSocket.open(card));
            segments.add(new Segment(subnet, socket, Addresses.parse(nextHop)));
        }
        return new Wire(List.copyOf(segments));
    }

    private static LabNode nodeOf(Station.Subnet subnet) {
        return switch (subnet) {
            case LAN -> LabNode.CLIENT;
            case BRANCH -> LabNode.BRANCH;
        };
    }

    Segment of(Station station) {
        for (var segment : segments) {
            if (segment.subnet() == station.subnet()) {
                return segment;
            }
        }
        throw new IllegalStateException("no wire for " + station);
    }

    /** Takes all frames that are there. */
    void drain(Segment.ReplyHandler handler) throws LinuxException {
        for (var segment : segments) {
            boolean more = true;
            while (more) {
                more = segment.receive(handler);
            }
        }
    }

    void await(long nanos) throws LinuxException {
        poller.await(nanos);
    }

    /** Lets the clients own what they hold, and find their way to the server. */
    void settle(Collection<HeldLease> leases) throws LinuxException {
        for (var lease : leases) {
            of(lease.station()).own(lease.addressBits(), lease.station());
        }
        long start = System.nanoTime();
        for (var segment : segments) {
            var asker =
                    leases.stream()
                            .filter(lease -> lease.station().subnet() == segment.subnet())
                            .findFirst();
            if (asker.isEmpty()) {
                continue;
            }
            // Without an answer in time the server is away; asking goes on as best it can.
            while (!segment.knowsNextHop() && System.nanoTime() - start < RESOLVE_NANOS_MAX) {
                segment.resolveNextHop(asker.get().station(), asker.get().addressBits());
                await(RESOLVE_RETRY_NANOS);
                drain((_, _) -> {});
            }
        }
    }

    @Override
    public void close() throws LinuxException {
        poller.close();
        for (var segment : segments) {
            segment.close();
        }
    }
}
