package io.leasehold.itests.simulator;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/** One run of the daemon: what it planned ends with it, and stands still while it is stopped. */
final class DaemonProcess {
    private final Agenda agenda;
    private final Consumer<ModelDisk.Died> died;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean alive = true;
    private boolean stopped;

    /**
     * @param died told when a step ended in the middle, by a planned death at a disk operation
     */
    DaemonProcess(Agenda agenda, Consumer<ModelDisk.Died> died) {
        this.agenda = agenda;
        this.died = died;
    }

    boolean isAlive() {
        return alive;
    }

    boolean isRunning() {
        return alive && !stopped;
    }

    /** Something comes from outside: a packet, a timer, an answer. */
    void run(Runnable action) {
        if (!alive) {
            return;
        }
        if (stopped) {
            waiting.add(action);
            return;
        }
        try {
            action.run();
        } catch (ModelDisk.Died death) {
            died.accept(death);
        }
    }

    void after(long nanos, Runnable action) {
        agenda.after(nanos, () -> run(action));
    }

    void at(long nanos, Runnable action) {
        agenda.at(nanos, () -> run(action));
    }

    /** SIGSTOP. */
    void stop() {
        stopped = true;
    }

    /** SIGCONT: what came meanwhile is found in the order in which it came. */
    void goOn() {
        stopped = false;
        while (isRunning() && !waiting.isEmpty()) {
            run(waiting.remove());
        }
    }

    void kill() {
        alive = false;
        waiting.clear();
    }
}
