package io.leasehold.heartbeat.link;

import java.net.Inet4Address;

/**
 * One link, as configured on this node.
 *
 * @param name the same on both nodes
 * @param interfaceName datagrams leave and are accepted on this interface only, whatever the routes
 *     say
 * @param local our address there
 * @param peer the peer's address
 * @param port UDP port on both sides
 */
public record LinkSpec(
        String name, String interfaceName, Inet4Address local, Inet4Address peer, int port) {

    public LinkSpec {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a link needs a name");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException(name + ": no such port: " + port);
        }
    }
}
