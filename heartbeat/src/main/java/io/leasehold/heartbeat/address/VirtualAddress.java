package io.leasehold.heartbeat.address;

import io.leasehold.heartbeat.linux.Errno;
import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.Netlink;
import io.leasehold.heartbeat.linux.NetlinkMessage;
import io.leasehold.heartbeat.linux.NetlinkWriter;
import io.leasehold.heartbeat.linux.Sockets;
import java.io.IOException;
import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * The address that moves with the service, on one interface of this node.
 *
 * <p>Present does not mean audible: while the gate is shut the kernel drops ARP from it and
 * everything else that it would send. Methods may be called by any thread and work on the network
 * namespace of the calling one.
 *
 * @param interfaceName where it is shown
 * @param address the address
 * @param prefixLength of its subnet; dhcpd serves a subnet only if the interface has an address in
 *     it
 */
public record VirtualAddress(String interfaceName, Inet4Address address, int prefixLength) {
    // linux/rtnetlink.h, linux/if_addr.h
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_DELADDR = 21;
    private static final int RTM_GETADDR = 22;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_CACHEINFO = 6;
    private static final int HEADER_BYTES = 8;
    private static final int PREFIX_LENGTH_OFFSET = 1;
    private static final int INDEX_OFFSET = 4;

    private static final int REQUEST_BYTES_MAX = 256;

    public VirtualAddress {
        if (prefixLength < 1 || prefixLength > 32) {
            throw new IllegalArgumentException("prefix length not in 1..32: " + prefixLength);
        }
    }

    /**
     * Adds the address for so long, or gives one that is there already that lifetime. Then the
     * kernel removes it, whoever runs or stands still, and up to a second late.
     *
     * @param lifetime whole seconds, at least one
     */
    public void add(Duration lifetime) throws IOException {
        if (lifetime.toSeconds() < 1 || lifetime.toNanosPart() != 0) {
            throw new IllegalArgumentException("not whole seconds: " + lifetime);
        }
        try (var netlink = Netlink.open(Netlink.ROUTE, 0)) {
            var request = new NetlinkWriter(REQUEST_BYTES_MAX);
            request.begin(
                    RTM_NEWADDR,
                    NetlinkWriter.REQUEST
                            | NetlinkWriter.ACK
                            | NetlinkWriter.CREATE
                            | NetlinkWriter.REPLACE);
            netlink.execute(
                    "add " + this,
                    appendAddress(request, prefixLength)
                            .attribute(IFA_CACHEINFO, lifetimes((int) lifetime.toSeconds()))
                            .end());
        }
    }

    /** {@code struct ifa_cacheinfo}: preferred, valid, and two times that only the kernel sets. */
    private static byte[] lifetimes(int seconds) {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.nativeOrder())
                .putInt(seconds)
                .putInt(seconds)
                .array();
    }

    /** Removes the address, with whatever prefix length; returns false if it was not there. */
    public boolean remove() throws IOException {
        try (var netlink = Netlink.open(Netlink.ROUTE, 0)) {
            boolean removed = false;
            for (var present : listed(netlink)) {
                int prefix = present.payload().get(PREFIX_LENGTH_OFFSET);
                var request = new NetlinkWriter(REQUEST_BYTES_MAX);
                request.begin(RTM_DELADDR, NetlinkWriter.REQUEST | NetlinkWriter.ACK);
                removed |= removeIfThere(netlink, appendAddress(request, prefix).end());
            }
            return removed;
        }
    }

    private boolean removeIfThere(Netlink netlink, NetlinkWriter request) throws IOException {
        try {
            netlink.execute("remove " + this, request);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.EADDRNOTAVAIL) {
                return false;
            }
            throw e;
        }
    }

    /** Whether this interface has the address. */
    public boolean isPresent() throws IOException {
        try (var netlink = Netlink.open(Netlink.ROUTE, 0)) {
            return !listed(netlink).isEmpty();
        }
    }

    private List<NetlinkMessage> listed(Netlink netlink) throws IOException {
        int index = Sockets.interfaceIndex(interfaceName);
        var request = new NetlinkWriter(REQUEST_BYTES_MAX);
        request.begin(RTM_GETADDR, NetlinkWriter.REQUEST | NetlinkWriter.DUMP)
                .put8(Sockets.AF_INET)
                .put8(0)
                .put16(0)
                .put32(index)
                .end();
        return netlink.dump("list addresses of " + interfaceName, request).stream()
                .filter(message -> message.payload().getInt(INDEX_OFFSET) == index)
                .filter(message ->
                        message.attribute(HEADER_BYTES, IFA_LOCAL)
                                .filter(local -> Arrays.equals(local, address.getAddress()))
                                .isPresent())
                .toList();
    }

    private NetlinkWriter appendAddress(NetlinkWriter request, int prefix) throws IOException {
        return request.put8(Sockets.AF_INET)
                .put8(prefix)
                .put16(0)
                .put32(Sockets.interfaceIndex(interfaceName))
                .attribute(IFA_LOCAL, address.getAddress())
                .attribute(IFA_ADDRESS, address.getAddress());
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefixLength + " on " + interfaceName;
    }
}
