package io.leasehold.itests.simulator;

import static io.leasehold.itests.simulator.World.SECOND;

import io.leasehold.heartbeat.record.ArbitrationMode;
import java.util.List;
import java.util.Optional;

/**
 * One history: both boxes are powered on, an adversary does harm by seed while clients ask for
 * leases, then everything is healed and the pair must come back by itself: one serves, both are in
 * sync, and both copies are the same, byte by byte.
 */
public final class Simulation {
    /** An adversary who waits for a calm that never comes is a violation, too. */
    private static final long HARM_NANOS = 3600 * SECOND;

    private static final long RECOVERY_NANOS = 120 * SECOND;
    private static final long QUIET_NANOS = 3 * SECOND;

    /**
     * How a history ended.
     *
     * @param failovers takeovers of an interrupted service with a write in flight, each followed by
     *     the return of the other box
     * @param violation of a rule; empty if everything held
     * @param trace what happened, if it was asked for
     */
    public record Outcome(
            long seed,
            int failovers,
            long virtualNanos,
            Optional<Broken> violation,
            List<String> trace) {}

    /** A rule that did not hold, and how. */
    public record Broken(String rule, String sentence) {}

    private final World world;
    private final Adversary adversary;
    private final Repairer repairer;

    private Simulation(long seed, boolean traced, Sabotage sabotage, Optional<Coverage> coverage) {
        var chance = new Chance(seed);
        world = new World(chance, Setup.drawn(chance), traced, sabotage, coverage);
        adversary = new Adversary(world);
        repairer = new Repairer(world);
    }

    /**
     * Plays the history of a seed. The same seed gives the same outcome.
     *
     * @param traced whether the outcome has a trace; it does not change what happens
     */
    public static Outcome run(long seed, boolean traced) {
        return run(seed, traced, Sabotage.NONE);
    }

    /** Which arbiter the history of a seed has. */
    static ArbitrationMode arbiter(long seed) {
        return Setup.drawMode(new Chance(seed));
    }

    /** The same, with a rule broken. */
    static Outcome run(long seed, boolean traced, Sabotage sabotage) {
        return run(seed, traced, sabotage, Optional.empty());
    }

    /** The same, counting what its machines do; that does not change what happens. */
    static Outcome run(long seed, Coverage coverage) {
        return run(seed, false, Sabotage.NONE, Optional.of(coverage));
    }

    private static Outcome run(
            long seed, boolean traced, Sabotage sabotage, Optional<Coverage> coverage) {
        var simulation = new Simulation(seed, traced, sabotage, coverage);
        Optional<Broken> violation = Optional.empty();
        try {
            simulation.play();
        } catch (Violation broken) {
            violation = Optional.of(new Broken(broken.rule(), String.valueOf(broken.getMessage())));
        } catch (RuntimeException bug) {
            // A check of the production code that failed: its process would have stopped.
            var at = bug.getStackTrace().length > 0 ? " at " + bug.getStackTrace()[0] : "";
            violation = Optional.of(new Broken("check", bug + at));
        }
        var world = simulation.world;
        return new Outcome(
                seed,
                world.failovers(),
                world.agenda().nowNanos(),
                violation,
                world.trace().lines());
    }

    private void play() {
        world.machines().forEach(box -> world.agenda().after(0, box::powerOn));
        repairer.begin();
        adversary.begin();
        while (!adversary.hasEnded()) {
            if (world.agenda().nowNanos() > HARM_NANOS) {
                throw new Violation("liveness", "the adversary never came to an end");
            }
            world.step(HARM_NANOS + 1);
        }
        adversary.healEverything();
        repairer.endMaintenance();
        recover();
        requireEqualCopies();
    }

    /** Calm, and still calm after a quiet while: a fence device may have shot late. */
    private void recover() {
        long until = world.agenda().nowNanos() + RECOVERY_NANOS;
        do {
            world.clientsAsk(true);
            while (!world.isCalm()) {
                if (!world.step(until)) {
                    throw new Violation(
                            "liveness",
                            "%d s after everything was healed: %s"
                                    .formatted(RECOVERY_NANOS / SECOND, describe()));
                }
            }
            world.clientsAsk(false);
            runFor(QUIET_NANOS);
        } while (!world.isCalm() || world.invariants().aftermath().isOpen());
    }

    private void runFor(long nanos) {
        long until = world.agenda().nowNanos() + nanos;
        while (world.step(until)) {
            // until then
        }
    }

    private String describe() {
        var text = new StringBuilder();
        for (var box : world.machines()) {
            text.append(
                    "%s %s, %s, says: %s; "
                            .formatted(
                                    box.name(),
                                    box.serves() ? "serves" : "does not serve",
                                    world.invariants()
                                            .written(box)
                                            .map(state ->
                                                    state.standing()
                                                            + ", "
                                                            + state.record().describe())
                                            .orElse("no rights"),
                                    box.daemon()
                                            .map(daemon ->
                                                    daemon.controller()
                                                            .view(box.clock().nowNanos())
                                                            .verdict())
                                            .orElse("nothing")));
        }
        return text.toString();
    }

    private void requireEqualCopies() {
        var one = world.machine(0).replica().orElseThrow();
        var other = world.machine(1).replica().orElseThrow();
        if (!one.journal().end().equals(other.journal().end())
                || !one.history().sameAs(other.history())
                || !world.machine(0).disk().tree().sameAs(world.machine(1).disk().tree())) {
            throw new Violation(
                    "I4",
                    "the copies differ: %s with %d in the tree, %s with %d in the tree"
                            .formatted(
                                    one.journal().end(),
                                    world.machine(0).disk().tree().size(),
                                    other.journal().end(),
                                    world.machine(1).disk().tree().size()));
        }
        if (!one.history().startsWith(world.invariants().acknowledged())) {
            throw new Violation("I1", "an acknowledged operation is on neither disk");
        }
    }
}
