package io.leasehold.itests.simulator;

import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;

/**
 * The DHCP server of one machine: one thread that appends a lease, syncs, and only then answers.
 * While its file system does not answer, it waits; what it asked before its file system's daemon
 * died is asked again by the kernel.
 */
final class DhcpServer {
    private static final long RETRY_NANOS = 20_000_000;

    private final World world;
    private final Machine box;
    private boolean running;
    private long life;
    private long incarnation;
    private Optional<Lease> waiting = Optional.empty();

    /** A lease whose client has no answer yet. */
    private record Lease(long id, RequestId request, Optional<Seq> place) {}

    DhcpServer(World world, Machine box) {
        this.world = world;
        this.box = box;
    }

    boolean isRunning() {
        return running;
    }

    /** Whether a client waits for the answer to a lease that is being written. */
    boolean hasWriteInFlight() {
        return waiting.isPresent();
    }

    void start(long mountIncarnation) {
        running = true;
        life++;
        incarnation = mountIncarnation;
        waiting = Optional.empty();
        serveLater(life);
    }

    /** SIGKILL, or the machine is gone: what it waited for never returns to it. */
    void kill() {
        running = false;
        life++;
        waiting = Optional.empty();
    }

    private void serveLater(long mine) {
        world.agenda()
                .after(
                        world.chance().about(world.setup().thinkNanos()),
                        () -> {
                            if (life == mine) {
                                serve();
                                serveLater(mine);
                            }
                        });
    }

    /** A client asks for a lease now. */
    void serve() {
        if (running && waiting.isEmpty() && box.serves() && world.clientsAsk()) {
            long id = world.nextOperation();
            waiting = Optional.of(new Lease(id, new RequestId(incarnation, id), Optional.empty()));
            write(life);
        }
    }

    private void write(long mine) {
        var replica = box.replica();
        if (life != mine || waiting.isEmpty()) {
            return;
        }
        if (box.isFrozen() || replica.isEmpty() || !replica.get().takesWrites()) {
            world.agenda().after(RETRY_NANOS, () -> write(mine));
            return;
        }
        box.inDaemon(() -> {
            var lease = waiting.get();
            var place =
                    lease.place()
                            .or(() -> replica.get().resolved(lease.request()))
                            .or(() -> replica.get().append(lease.id(), lease.request()));
            if (place.isPresent()) {
                waiting = Optional.of(new Lease(lease.id(), lease.request(), place));
                replica.get().whenDurable(place.get(), () -> answered(mine, lease.id()));
            }
        });
    }

    private void answered(long mine, long id) {
        if (life == mine && waiting.isPresent() && waiting.get().id() == id) {
            waiting = Optional.empty();
            world.answered(box);
        }
    }

    /** The file system is served by another daemon now: the kernel sends the requests again. */
    void resent() {
        if (waiting.isPresent()) {
            var lease = waiting.get();
            waiting = Optional.of(new Lease(lease.id(), lease.request(), Optional.empty()));
            write(life);
        }
    }
}
