/**
 * DHCP messages and the frames that carry them, for probes and test clients.
 *
 * <p>dhcp4java makes and reads the packets, behind one adapter: {@link
 * io.leasehold.dhcp.packet.DhcpCodec}. It checks what dhcp4java does not (lengths, a missing end,
 * repeated options, option overload) before the library sees a byte, and compares afterwards what
 * the library understood. {@link io.leasehold.dhcp.packet.UdpFrame} is Ethernet, IPv4 and UDP
 * around it.
 */
@NullMarked
package io.leasehold.dhcp.packet;

import org.jspecify.annotations.NullMarked;
