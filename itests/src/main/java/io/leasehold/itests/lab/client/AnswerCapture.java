package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.linux.NetworkNamespace;
import io.leasehold.itests.lab.linux.PacketSocket;
import io.leasehold.itests.lab.linux.Poller;
import io.leasehold.itests.lab.network.Addresses;
import io.leasehold.itests.lab.network.LabNetwork;
import io.leasehold.itests.lab.network.LabNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the two boxes say on the LAN in the name of the service: everything from UDP port 67, and
 * every ARP message of the virtual address. Caught at the switch's ports, so that nothing which
 * leaves a box is missed, whoever it is for, and the sender is sure.
 */
public final class AnswerCapture implements AutoCloseable {
    private static final long POLL_NANOS = 50_000_000L;
    private static final int ANSWERS_MAX = 1_000_000;
    private static final int END_MILLIS_MAX = 10_000;

    /** What was said. */
    public enum Kind {
        DHCP,
        ARP
    }

    /**
     * One frame.
     *
     * @param atNanos when it arrived, in the time of {@link System#nanoTime}
     */
    public record Answer(LabNode from, Kind kind, long atNanos) {}

    private final List<Port> ports;
    private final Thread thread;
    private final List<Answer> answers = new ArrayList<>();
    private volatile boolean stopping;
    private volatile @Nullable Throwable failure;

    private record Port(LabNode server, PacketSocket socket) {}

    private AnswerCapture(List<Port> ports) {
        this.ports = ports;
        this.thread = Thread.ofPlatform().name("answer-capture").daemon().unstarted(this::run);
    }

    /** Listens from now on. */
    public static AnswerCapture start(LabNetwork network) throws IOException, InterruptedException {
        var ports = new ArrayList<Port>();
        for (var server : LabNode.servers()) {
            var socket =
                    NetworkNamespace.call(
                            network.namespaceFile(LabNode.SWITCH),
                            () -> PacketSocket.open(server.label()));
            ports.add(new Port(server, socket));
        }
        var capture = new AnswerCapture(List.copyOf(ports));
        capture.thread.start();
        return capture;
    }

    private void run() {
        try (var poller = new Poller(ports.stream().map(Port::socket).toList())) {
            while (!stopping) {
                poller.await(POLL_NANOS);
                for (var port : ports) {
                    drain(port);
                }
            }
        } catch (IOException | RuntimeException e) {
            failure = e;
        }
    }

    private void drain(Port port) throws IOException {
        for (var frame = port.socket().receive();
                frame.hasRemaining();
                frame = port.socket().receive()) {
            long now = System.nanoTime();
            var arp = Frames.arp(frame);
            if (Frames.isFromServerPort(frame)) {
                note(new Answer(port.server(), Kind.DHCP, now));
            } else if (arp.isPresent() && arp.get().sender() == Addresses.parse(Addresses.VIP)) {
                note(new Answer(port.server(), Kind.ARP, now));
            }
        }
    }

    private void note(Answer answer) {
        synchronized (answers) {
            if (answers.size() == ANSWERS_MAX) {
                throw new IllegalStateException("more than " + ANSWERS_MAX + " answers");
            }
            answers.add(answer);
        }
    }

    /** Everything so far, in the order of arrival. */
    public List<Answer> answers() {
        var failed = failure;
        if (failed != null) {
            throw new IllegalStateException("the capture failed", failed);
        }
        synchronized (answers) {
            return List.copyOf(answers);
        }
    }

    @Override
    public void close() throws IOException {
        stopping = true;
        try {
            thread.join(END_MILLIS_MAX);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (var port : ports) {
            port.socket().close();
        }
    }
}
