package io.leasehold.dhcp.packet;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A DHCP message (RFC 2131 §2).
 *
 * @param broadcast whether the client asks for answers to 255.255.255.255
 * @param clientHardware the client's hardware address, as long as the message says
 * @param options by code, without 53, pad, end and overload; a value that came in parts is whole
 */
public record DhcpMessage(
        MessageType type,
        int xid,
        int secs,
        boolean broadcast,
        Ipv4Address ciaddr,
        Ipv4Address yiaddr,
        Ipv4Address giaddr,
        Octets clientHardware,
        SortedMap<Integer, Octets> options) {

    public static final int REQUESTED_ADDRESS = 50;
    public static final int OVERLOAD = 52;
    public static final int MESSAGE_TYPE = 53;
    public static final int SERVER_IDENTIFIER = 54;
    public static final int CLIENT_IDENTIFIER = 61;

    public DhcpMessage {
        options = Collections.unmodifiableSortedMap(new TreeMap<>(options));
    }

    /** Option 54, if it is there and an address. */
    public Optional<Ipv4Address> serverIdentifier() {
        return address(SERVER_IDENTIFIER);
    }

    public Optional<Octets> option(int code) {
        return Optional.ofNullable(options.get(code));
    }

    public Optional<Ipv4Address> address(int code) {
        return option(code)
                .filter(value -> value.length() == 4)
                .map(value -> Ipv4Address.of(value.toBytes(), 0));
    }
}
