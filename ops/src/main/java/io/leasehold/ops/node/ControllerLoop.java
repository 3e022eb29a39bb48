package io.leasehold.ops.node;

import io.leasehold.heartbeat.controller.Controller;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.controller.View;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the {@link Controller}: nobody else calls it. Events come in through a bounded inbox,
 * effects are performed before the next event is looked at.
 *
 * <p>A gap in its own schedule (a pause of the process, a suspend of the machine) is told to the
 * controller before anything else that happened meanwhile: what a process knew before a pause is
 * not true after it.
 */
final class ControllerLoop implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(ControllerLoop.class);

    /** A full inbox makes whoever reports wait; the busiest source is a beat per link and 10 ms. */
    private static final int INBOX_EVENTS_MAX = 4_096;

    /** How often the loop proves to the keeper that it works, also when nothing happens. */
    static final long PROOF_INTERVAL_NANOS = 25_000_000L;

    private final Controller controller;
    private final Consumer<Effect> shell;
    private final Clocks clocks;
    private final long gapNanos;
    private final Runnable proof;
    private final Consumer<Throwable> died;
    private final BlockingQueue<Event> inbox = new ArrayBlockingQueue<>(INBOX_EVENTS_MAX);
    private volatile View view;
    private volatile boolean ended;

    /**
     * The times that the loop lives by.
     *
     * @param monotonicNanos does not count a suspend of the machine
     * @param bootNanos does (CLOCK_BOOTTIME)
     */
    record Clocks(LongSupplier monotonicNanos, LongSupplier bootNanos) {}

    /**
     * @param gapNanos a wake-up that is later than this is a gap
     * @param proof called on the loop's thread at least every {@link #PROOF_INTERVAL_NANOS}, after
     *     it has done its work
     * @param died told when the loop ends by an error, after which nothing is decided any more
     */
    ControllerLoop(
            Controller controller,
            Consumer<Effect> shell,
            Clocks clocks,
            long gapNanos,
            Runnable proof,
            Consumer<Throwable> died) {
        this.controller = controller;
        this.shell = shell;
        this.clocks = clocks;
        this.gapNanos = gapNanos;
        this.proof = proof;
        this.died = died;
        this.view = controller.view(clocks.monotonicNanos.getAsLong());
    }

    /** Tells the controller; waits while the inbox is full. After the end nothing happens. */
    void post(Event event) {
        try {
            while (!ended && !inbox.offer(event, 100, TimeUnit.MILLISECONDS)) {
                log.warn("the controller's inbox is full; waiting to deliver {}", event);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** How things were after the last step. */
    View view() {
        return view;
    }

    /** Ends the loop after the step that is under way. */
    void end() {
        ended = true;
    }

    @Override
    public void run() {
        try {
            long proofDueNanos = clocks.monotonicNanos.getAsLong();
            long bootNanos = clocks.bootNanos.getAsLong();
            while (!ended) {
                long before = clocks.monotonicNanos.getAsLong();
                long wakeNanos =
                        Math.min(
                                controller.nextDeadlineNanos().orElse(proofDueNanos),
                                proofDueNanos);
                long waitNanos = Math.max(0, wakeNanos - before);
                var event = inbox.poll(waitNanos, TimeUnit.NANOSECONDS);
                // Read after waiting: what was read before is the past.
                long now = clocks.monotonicNanos.getAsLong();
                long bootNow = clocks.bootNanos.getAsLong();
                long gap = bootNow - bootNanos - waitNanos;
                bootNanos = bootNow;
                if (gap > gapNanos) {
                    step(now, new Event.ClockGap(gap, WallClocks.read(now)));
                }
                if (event != null) {
                    step(now, event);
                }
                var deadline = controller.nextDeadlineNanos();
                if (deadline.isPresent() && deadline.getAsLong() <= now) {
                    step(now, new Event.Tick());
                }
                if (now >= proofDueNanos) {
                    proof.run();
                    view = controller.view(now);
                    proofDueNanos = now + PROOF_INTERVAL_NANOS;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            died.accept(e);
        } catch (RuntimeException | Error e) {
            died.accept(e);
        }
    }

    private void step(long nowNanos, Event event) {
        for (var effect : controller.step(nowNanos, event)) {
            shell.accept(effect);
            if (ended) {
                return;
            }
        }
        view = controller.view(nowNanos);
    }
}
