package io.leasehold.heartbeat.link;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.leasehold.heartbeat.linux.Descriptor;
import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.PollSet;
import io.leasehold.heartbeat.linux.Sockets;
import io.leasehold.heartbeat.wire.Conversation;
import io.leasehold.heartbeat.wire.Conversation.Reception;
import io.leasehold.heartbeat.wire.Datagram.Beat;
import io.leasehold.heartbeat.wire.Incarnation;
import io.leasehold.heartbeat.wire.Names;
import io.leasehold.heartbeat.wire.Rejection;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The sockets of all links, and the one conversation that goes over them.
 *
 * <p>A link whose interface is missing, or was removed, is opened again when it is there. Belongs
 * to one thread, and to the network namespace in which it was opened; never blocks.
 */
public final class Links implements AutoCloseable {
    /** So many datagrams of one link are taken before the others have their turn. */
    private static final int BATCH_MAX = 64;

    private static final int RECEIVE_BYTES = 2_048;
    private static final long REOPEN_NANOS = 500_000_000;
    private static final int IPPROTO_IP = 0;
    private static final int IP_TOS = 1;
    private static final int IP_FREEBIND = 15;

    /**
     * DSCP CS6, network control: a switch that honours it does not queue beats behind bulk data.
     */
    private static final int TOS_NETWORK_CONTROL = 0xc0;

    private static final int PRIORITY_CONTROL = 6;

    private final LinkConfiguration configuration;
    private final Conversation conversation;
    private final List<Link> links = new ArrayList<>();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment received = arena.allocate(RECEIVE_BYTES);
    private final MemorySegment toSend = arena.allocate(RECEIVE_BYTES);
    private final MemorySegment source = arena.allocate(16, 4);

    /**
     * Opens the links that can be opened.
     *
     * @param random for the incarnation and the secret of this run
     */
    public Links(LinkConfiguration configuration, SecureRandom random, long nowNanos) {
        this.configuration = configuration;
        var secret = new byte[Conversation.SECRET_BYTES];
        random.nextBytes(secret);
        conversation =
                new Conversation(
                        new Names(
                                configuration.cluster(),
                                configuration.node(),
                                configuration.peer()),
                        configuration.clusterKey(),
                        configuration.links().size(),
                        Incarnation.random(random),
                        secret);
        for (var spec : configuration.links()) {
            links.add(new Link(links.size(), spec));
        }
        openMissing(nowNanos);
    }

    /** A fresh beat of the peer. */
    public record Heard(
            String link,
            Incarnation sender,
            Beat beat,
            OptionalLong roundTripNanos,
            long receivedNanos) {}

    /** Who wants to know. */
    public interface Listener {
        void heard(Heard heard);

        /** The peer can believe us from now on: a beat should go out at once. */
        void sendNow();
    }

    public LinkConfiguration configuration() {
        return configuration;
    }

    /** Adds every open socket; when one is readable, call {@link #receive}. */
    public void addTo(PollSet set) throws IOException {
        for (var link : links) {
            if (link.socket.isPresent()) {
                set.add(link.socket.get().number(), PollSet.READABLE);
            }
        }
    }

    /** Sends a beat on every link. */
    public void send(Beat content, long nowNanos) {
        openMissing(nowNanos);
        for (var link : links) {
            link.send(conversation.nextDatagram(link.number, content, nowNanos));
        }
    }

    /** Takes what has come, without waiting. */
    public void receive(Listener listener, long nowNanos) {
        for (var link : links) {
            for (int i = 0; i < BATCH_MAX && link.receive(listener, nowNanos); i++) {}
        }
    }

    public List<LinkStatistics> statistics() {
        return links.stream().map(Link::statistics).toList();
    }

    private void openMissing(long nowNanos) {
        for (var link : links) {
            link.openIfMissing(nowNanos);
        }
    }

    @Override
    public void close() {
        for (var link : links) {
            link.close();
        }
        arena.close();
    }

    private final class Link {
        private final int number;
        private final LinkSpec spec;
        private final MemorySegment peer;
        private Optional<Descriptor> socket = Optional.empty();
        private boolean triedToOpen;
        private long triedToOpenNanos;
        private long sent;
        private long sendFailures;
        private long accepted;
        private long lost;
        private OptionalLong lastReceivedNanos = OptionalLong.empty();
        private OptionalLong roundTripNanos = OptionalLong.empty();
        private final Map<Rejection, Long> rejected = new EnumMap<>(Rejection.class);
        private String remark = "";

        Link(int number, LinkSpec spec) {
            this.number = number;
            this.spec = spec;
            this.peer = Sockets.internetAddress(spec.peer(), spec.port());
        }

        void openIfMissing(long nowNanos) {
            if (socket.isPresent() || (triedToOpen && nowNanos - triedToOpenNanos < REOPEN_NANOS)) {
                return;
            }
            triedToOpen = true;
            triedToOpenNanos = nowNanos;
            try {
                socket = Optional.of(openSocket());
                remark = "";
            } catch (IOException e) {
                remark = String.valueOf(e.getMessage());
            }
        }

        private Descriptor openSocket() throws IOException {
            var opened = Sockets.open(Sockets.AF_INET, Sockets.SOCK_DGRAM, 0);
            try {
                Sockets.bindToInterface(opened, spec.interfaceName());
                Sockets.setOption(opened, IPPROTO_IP, IP_TOS, TOS_NETWORK_CONTROL);
                Sockets.setOption(
                        opened, Sockets.SOL_SOCKET, Sockets.SO_PRIORITY, PRIORITY_CONTROL);
                // The address may come after the keeper.
                Sockets.setOption(opened, IPPROTO_IP, IP_FREEBIND, 1);
                var local = Sockets.internetAddress(spec.local(), spec.port());
                Sockets.bind(opened, local, spec.local().getHostAddress() + ":" + spec.port());
                return opened;
            } catch (IOException | RuntimeException e) {
                opened.close();
                throw e;
            }
        }

        void send(byte[] datagram) {
            sent++;
            if (socket.isEmpty()) {
                sendFailures++;
                return;
            }
            MemorySegment.copy(datagram, 0, toSend, JAVA_BYTE, 0, datagram.length);
            try {
                int taken = Sockets.send(socket.get(), toSend, datagram.length, peer);
                if (taken != datagram.length) {
                    sendFailures++;
                }
            } catch (IOException e) {
                sendFailures++;
                failed(e);
            }
        }

        boolean receive(Listener listener, long nowNanos) {
            if (socket.isEmpty()) {
                return false;
            }
            int length;
            try {
                length = Sockets.receive(socket.get(), received, source);
            } catch (IOException e) {
                failed(e);
                return false;
            }
            if (length == Sockets.WOULD_BLOCK) {
                return false;
            }
            // Family, port and address; the rest of the structure is padding.
            if (source.asSlice(0, 8).mismatch(peer.asSlice(0, 8)) >= 0) {
                reject(Rejection.FOREIGN_SOURCE, "");
            } else if (length > RECEIVE_BYTES) {
                reject(Rejection.TRUNCATED, "");
            } else {
                take(received.asSlice(0, length).toArray(JAVA_BYTE), listener, nowNanos);
            }
            return true;
        }

        private void take(byte[] datagram, Listener listener, long nowNanos) {
            switch (conversation.receive(number, datagram, nowNanos)) {
                case Reception.Accepted(var sender, var beat, long missed, var roundTrip) -> {
                    accepted++;
                    lost += missed;
                    lastReceivedNanos = OptionalLong.of(nowNanos);
                    if (roundTrip.isPresent()) {
                        roundTripNanos = roundTrip;
                    }
                    listener.heard(new Heard(spec.name(), sender, beat, roundTrip, nowNanos));
                }
                case Reception.SendNow() -> listener.sendNow();
                case Reception.Reply(var reply) -> send(reply);
                case Reception.Noted() -> {}
                case Reception.Rejected(var cause, var why, var reply) -> {
                    reject(cause, why);
                    reply.ifPresent(this::send);
                }
            }
        }

        private void reject(Rejection cause, String why) {
            rejected.merge(cause, 1L, Long::sum);
            if (!why.isEmpty()) {
                remark = why;
            }
        }

        /** A socket whose interface is gone stays useless when another one of that name comes. */
        private void failed(IOException e) {
            remark = String.valueOf(e.getMessage());
            if (e instanceof LinuxException linux && linux.meansNoSuchDevice()) {
                close();
            }
        }

        LinkStatistics statistics() {
            return new LinkStatistics(
                    spec.name(),
                    sent,
                    sendFailures,
                    accepted,
                    lost,
                    lastReceivedNanos,
                    roundTripNanos,
                    rejected,
                    remark);
        }

        void close() {
            socket.ifPresent(Descriptor::close);
            socket = Optional.empty();
        }
    }
}
