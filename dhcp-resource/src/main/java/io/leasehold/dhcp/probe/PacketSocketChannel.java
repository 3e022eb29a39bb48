package io.leasehold.dhcp.probe;

import io.leasehold.dhcp.packet.UdpFrame;
import io.leasehold.heartbeat.address.MacAddress;
import io.leasehold.heartbeat.address.PacketSocket;
import io.leasehold.heartbeat.address.PacketSocketOptions;
import java.io.IOException;
import java.util.Optional;

/** Frames over one or two interfaces of this host: DHCP answers to clients come in. */
public final class PacketSocketChannel implements FrameChannel {

    private final PacketSocket sending;
    private final PacketSocket receiving;

    private PacketSocketChannel(PacketSocket sending, PacketSocket receiving) {
        this.sending = sending;
        this.receiving = receiving;
    }

    /**
     * Opens the sockets in the network namespace of the calling thread.
     *
     * @param sendInterface a macvlan or veth on the client side
     * @param receiveInterface the same one, or the server's own interface if the first is a macvlan
     *     on top of it
     */
    public static PacketSocketChannel open(String sendInterface, String receiveInterface)
            throws IOException {
        // All types: only then does the kernel also show what this host sends.
        var options =
                new PacketSocketOptions(
                        PacketSocketOptions.ETHER_TYPE_ALL,
                        false,
                        PacketSocketOptions.udpTo(UdpFrame.CLIENT_PORT));
        var receiving = PacketSocket.open(receiveInterface, options);
        try {
            // Receives nothing that it would have to be emptied of: nobody asks port 0.
            var mute =
                    new PacketSocketOptions(
                            PacketSocketOptions.ETHER_TYPE_IPV4,
                            false,
                            PacketSocketOptions.udpTo(0));
            return new PacketSocketChannel(PacketSocket.open(sendInterface, mute), receiving);
        } catch (IOException | RuntimeException e) {
            receiving.close();
            throw e;
        }
    }

    /** The address of the interface that is received on: the server's, if the two differ. */
    public MacAddress receiveAddress() {
        return receiving.interfaceAddress();
    }

    public MacAddress sendAddress() {
        return sending.interfaceAddress();
    }

    @Override
    public void send(byte[] frame) throws IOException {
        if (!sending.send(frame)) {
            throw new IOException("the kernel dropped the probe's question");
        }
    }

    @Override
    public Optional<Frame> receive(long timeoutNanos) throws IOException {
        return receiving
                .receive(Math.max(0, timeoutNanos))
                .map(frame -> new Frame(frame.bytes(), frame.outgoing()));
    }

    @Override
    public void close() {
        sending.close();
        receiving.close();
    }
}
