package io.leasehold.ops.node;

import io.leasehold.heartbeat.controller.Event;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Where events go: to the controller's loop, or, before there is one, into a small store from which
 * they are delivered in their order.
 */
final class Mailbox implements Consumer<Event> {
    /**
     * A volume that opens and a peer that connects say a dozen things; beats that come so early
     * only say what the next ones say again.
     */
    private static final int EARLY_EVENTS_MAX = 1_024;

    private final Queue<Event> early = new ArrayDeque<>();
    private volatile Optional<ControllerLoop> loop = Optional.empty();

    @Override
    public void accept(Event event) {
        var to = loop;
        if (to.isEmpty()) {
            synchronized (this) {
                to = loop;
                if (to.isEmpty()) {
                    if (early.size() < EARLY_EVENTS_MAX || !(event instanceof Event.BeatReceived)) {
                        early.add(event);
                    }
                    return;
                }
            }
        }
        to.get().post(event);
    }

    /** From now on events go to {@code controllerLoop}, the stored ones first. */
    synchronized void deliverTo(ControllerLoop controllerLoop) {
        early.forEach(controllerLoop::post);
        early.clear();
        loop = Optional.of(controllerLoop);
    }
}
