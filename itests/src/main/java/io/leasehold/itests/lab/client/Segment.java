package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.linux.LinuxException;
import io.leasehold.itests.lab.linux.PacketSocket;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One subnet's wire, with all stations on it. Answers ARP for their addresses, and knows, as a
 * client's neighbour table does, where the next hop towards the server is.
 *
 * <p>Owned by one thread.
 */
final class Segment implements AutoCloseable {
    private final Station.Subnet subnet;
    private final PacketSocket socket;

    /** The server itself on its LAN, the router elsewhere. */
    private final int nextHop;

    private final Map<Integer, Station> owners = new HashMap<>();
    private final ByteBuffer out = ByteBuffer.allocateDirect(Frames.FRAME_BYTES_MAX);

    /** Unknown until heard; unicasts then go out as broadcasts of the Ethernet would: to all. */
    private long nextHopHardware = Frames.HARDWARE_BROADCAST;

    private long neighbourUpdates;

    Segment(Station.Subnet subnet, PacketSocket socket, int nextHop) {
        this.subnet = subnet;
        this.socket = socket;
        this.nextHop = nextHop;
    }

    Station.Subnet subnet() {
        return subnet;
    }

    PacketSocket socket() {
        return socket;
    }

    /** From now on the station answers for the address. */
    void own(int address, Station station) {
        owners.put(address, station);
    }

    void send(Question question) throws LinuxException {
        boolean broadcast = question.destination() == Question.BROADCAST;
        Frames.write(out, question, broadcast ? Frames.HARDWARE_BROADCAST : nextHopHardware);
        socket.send(out);
    }

    /** Asks who the next hop is, in the name of a station that has an address. */
    void resolveNextHop(Station station, int address) throws LinuxException {
        Frames.writeArpRequest(out, station, address, nextHop);
        socket.send(out);
    }

    boolean knowsNextHop() {
        return nextHopHardware != Frames.HARDWARE_BROADCAST;
    }

    /** How often the next hop moved to another box. */
    long neighbourUpdates() {
        return neighbourUpdates;
    }

    /**
     * Takes one frame from the wire; ARP is dealt with here.
     *
     * @return whether there was a frame
     */
    boolean receive(ReplyHandler handler) throws LinuxException {
        var frame = socket.receive();
        if (!frame.hasRemaining()) {
            return false;
        }
        var reply = Frames.reply(frame);
        if (reply.isPresent()) {
            handler.handle(this, reply.get());
        } else {
            answer(Frames.arp(frame));
        }
        return true;
    }

    private void answer(Optional<Frames.Arp> heard) throws LinuxException {
        if (heard.isEmpty()) {
            return;
        }
        var arp = heard.get();
        // A request or an announcement updates a neighbour as well as an answer does (RFC 826).
        if (arp.sender() == nextHop && arp.senderHardware() != nextHopHardware) {
            nextHopHardware = arp.senderHardware();
            neighbourUpdates++;
        }
        var owner = owners.get(arp.target());
        if (arp.request() && owner != null && arp.sender() != arp.target()) {
            Frames.writeArpReply(out, owner, arp);
            socket.send(out);
        }
    }

    @Override
    public void close() throws LinuxException {
        socket.close();
    }

    /** Gets what servers say. */
    @FunctionalInterface
    interface ReplyHandler {
        void handle(Segment segment, Reply reply) throws LinuxException;
    }
}
