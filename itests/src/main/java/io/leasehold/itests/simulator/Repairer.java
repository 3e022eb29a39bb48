package io.leasehold.itests.simulator;

import static io.leasehold.itests.simulator.World.MILLI;

import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.record.Standing;
import java.util.Comparator;
import java.util.Optional;

/**
 * The person who looks after both boxes: powers on what is off, replaces a broken disk, forgets
 * failures, and confirms what is true when a verdict asks for it.
 */
final class Repairer {
    private static final long OFF_AT_LEAST_NANOS = 500 * MILLI;

    /** Before a person does what cannot be undone. */
    private static final int PATIENCE_ROUNDS = 8;

    private final World world;
    private int rounds;
    private int roundsWithoutService;
    private int roundsRefused;
    private int roundsOfTwoArbiters;
    private boolean maintenanceOver;

    Repairer(World world) {
        this.world = world;
    }

    void begin() {
        world.agenda()
                .after(
                        world.chance().about(1500 * MILLI),
                        () -> {
                            look();
                            begin();
                        });
    }

    /** Whoever was off when it was said has not heard it. */
    void endMaintenance() {
        maintenanceOver = true;
    }

    private void look() {
        rounds++;
        if (world.machines().stream().noneMatch(Machine::serves)) {
            roundsWithoutService++;
            for (var box : world.machines()) {
                if (asksFor(box, "confirm-fenced")) {
                    help(box);
                }
            }
            if (roundsWithoutService > PATIENCE_ROUNDS) {
                decide();
            }
        } else {
            roundsWithoutService = 0;
            putAwayWhatIsRefused();
        }
        if (world.machines().stream().noneMatch(Repairer::namesAnotherArbiter)) {
            roundsOfTwoArbiters = 0;
        } else if (++roundsOfTwoArbiters > PATIENCE_ROUNDS) {
            world.machine(1).changeArbiter(world.machine(0).arbiter());
        }
        for (var box : world.machines()) {
            if (box.disk().fault() == ModelDisk.Fault.FAILS && mayLoseDisk(box)) {
                replaceDisk(box, false);
            } else if (!box.isPowered() && box.offForNanos() > OFF_AT_LEAST_NANOS) {
                box.powerOn();
            } else if (box.hasShutDown() && box.offForNanos() > OFF_AT_LEAST_NANOS) {
                world.trace().say(box.name().value(), () -> "!     the service is started");
                box.startKeeper();
            } else if (rounds % 3 == 0) {
                box.command(new Command.Cleanup(Optional.empty()));
                if (maintenanceOver) {
                    box.command(new Command.SetMaintenance(false));
                }
            }
        }
    }

    /**
     * @param kept whether the old disk can still be read, and lies in a drawer from now on
     */
    private void replaceDisk(Machine box, boolean kept) {
        world.trace().say(box.name().value(), () -> "!     its disk is replaced");
        if (!kept) {
            world.invariants().diskLost(box);
        }
        box.powerOff();
        box.replaceDisk(kept);
        world.invariants().diskReplaced(box);
        box.powerOn();
    }

    /**
     * Nothing comes back by itself: whoever has the better copy goes on by force (R21). With an
     * ensemble nothing can be forced beside it (R12).
     */
    private void decide() {
        // Whoever asks why nothing moves is told by the verdict that maintenance was left on.
        world.machines().forEach(box -> box.command(new Command.SetMaintenance(false)));
        if (world.ensemble().isPresent()) {
            return;
        }
        for (var box : world.machines()) {
            if (box.disk().fault() == ModelDisk.Fault.FAILS) {
                replaceDisk(box, false);
                return;
            }
        }
        world.machines().stream()
                .filter(box -> box.replica().isPresent())
                .max(Comparator.comparingInt(box -> box.replica().orElseThrow().history().size()))
                .filter(box ->
                        asksFor(box, "an operator must choose")
                                || asksFor(box, "split brain")
                                || asksFor(box, "no common ancestor")
                                || !box.other().isPowered())
                .ifPresent(Machine::force);
    }

    /**
     * R29, R30: one serves, and what the other one has is refused: its disk is kept, and it begins
     * anew. R29 only with an ensemble, whose record says who goes on; else both have stopped.
     */
    private void putAwayWhatIsRefused() {
        for (var box : world.machines()) {
            if (box.serves()
                    && (asksFor(box, "is not synced: R29") || asksFor(box, "is not synced: R30"))) {
                if (++roundsRefused > PATIENCE_ROUNDS) {
                    roundsRefused = 0;
                    replaceDisk(box.other(), true);
                }
                return;
            }
        }
        roundsRefused = 0;
    }

    /** Not while the other copy may lack something: this one may be the only one that has it. */
    private boolean mayLoseDisk(Machine box) {
        return world.invariants()
                .written(box.other())
                .filter(state -> state.standing() == Standing.UP_TO_DATE)
                .isPresent();
    }

    /** Whether an alarm of that node says so. */
    private static boolean asksFor(Machine box, String words) {
        return box.replica().isPresent()
                && box.daemon()
                        .filter(daemon ->
                                daemon.controller().alarms().stream()
                                        .anyMatch(alarm -> alarm.contains(words)))
                        .isPresent();
    }

    /** R12: whether somebody who looks at that node sees that the two files differ. */
    private static boolean namesAnotherArbiter(Machine box) {
        return asksFor(box, "configured for different arbiters")
                || (box.replica().isPresent()
                        && box.daemon()
                                .orElseThrow()
                                .controller()
                                .view(box.clock().nowNanos())
                                .verdict()
                                .contains("configured for another arbiter"));
    }

    /** Makes it true first, then says so. */
    private void help(Machine box) {
        var other = box.other();
        if (other.serves()) {
            return;
        }
        world.trace().say(other.name().value(), () -> "!     made sure by a person: it is off");
        other.powerOff();
        box.command(new Command.ConfirmFenced(other.name()));
    }
}
