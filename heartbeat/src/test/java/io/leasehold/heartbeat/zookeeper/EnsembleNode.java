package io.leasehold.heartbeat.zookeeper;

import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord.Step;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleTiming;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * The machine of one node with a real connection under it; the test's thread is its owner. To be
 * made and used in the ensemble's namespace.
 */
final class EnsembleNode implements AutoCloseable {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final BlockingQueue<EnsembleEvent> inbox = new LinkedBlockingQueue<>();
    private final EnsembleRecord machine =
            new EnsembleRecord(System.nanoTime(), EnsembleTiming.defaults());
    private final Ensemble ensemble;
    final List<Step> told = new ArrayList<>();
    private Optional<ClusterRecord> next = Optional.empty();

    EnsembleNode(EnsembleAccess access, String pair) {
        ensemble = Ensemble.connect(access, pair, inbox::add);
    }

    Ensemble ensemble() {
        return ensemble;
    }

    EnsembleRecord machine() {
        return machine;
    }

    void wish(Change change, ClusterRecord wanted) {
        next = Optional.of(wanted);
        machine.wish(change, 0);
        take(machine.advance(System.nanoTime()));
    }

    void confirm(ClusterRecord mine) {
        machine.confirm(mine);
        take(machine.advance(System.nanoTime()));
    }

    /** Runs the machine until it tells a step of this kind that is not among those told before. */
    <T extends Step> T await(Class<T> type) throws InterruptedException {
        int before = told.size();
        runUntil(
                type.getSimpleName(),
                _ -> told.subList(before, told.size()).stream().anyMatch(type::isInstance));
        return told.subList(before, told.size()).stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow();
    }

    void awaitConnected() throws InterruptedException {
        runUntil("a look at the record", _ -> told.stream().anyMatch(Step.Seen.class::isInstance));
    }

    /** Runs the machine as long as nothing of this kind is told, but not longer than that. */
    void runFor(long nanos) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            once(end);
        }
    }

    void runUntil(String what, Predicate<EnsembleRecord> condition) throws InterruptedException {
        long end = System.nanoTime() + LIMIT_NANOS;
        while (!condition.test(machine)) {
            if (System.nanoTime() > end) {
                throw new AssertionError(
                        "no " + what + "; " + machine.describe() + "; told " + told);
            }
            once(end);
        }
    }

    private void once(long end) throws InterruptedException {
        long due = Math.min(machine.nextDeadlineNanos().orElse(end), end);
        var event = inbox.poll(Math.max(0, due - System.nanoTime()), TimeUnit.NANOSECONDS);
        if (event != null) {
            take(machine.heard(System.nanoTime(), event));
        }
        take(machine.advance(System.nanoTime()));
    }

    private void take(List<Step> steps) {
        for (var step : steps) {
            switch (step) {
                case Step.Ask(var request) -> ensemble.ask(request);
                case Step.Decide(var change, _) ->
                        next.ifPresent(
                                wanted -> take(machine.propose(System.nanoTime(), change, wanted)));
                case Step.Won _, Step.Lost _ -> {
                    next = Optional.empty();
                    machine.dropWish();
                    told.add(step);
                }
                case Step.Seen _,
                        Step.Confirmed _,
                        Step.PeerConfirms _,
                        Step.ConnectionChanged _,
                        Step.Trouble _ ->
                        told.add(step);
            }
        }
    }

    @Override
    public void close() {
        ensemble.close();
    }
}
