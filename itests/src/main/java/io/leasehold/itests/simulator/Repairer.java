package io.leasehold.itests.simulator;

import static io.leasehold.itests.simulator.World.MILLI;

import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.record.Standing;
import java.util.Optional;

/**
 * The person who looks after both boxes: powers on what is off, replaces a broken disk, forgets
 * failures, and confirms what is true when a verdict asks for it.
 */
final class Repairer {
    private static final long OFF_AT_LEAST_NANOS = 500 * MILLI;

    private final World world;
    private int rounds;
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
            for (var box : world.machines()) {
                if (asksForAPerson(box)) {
                    help(box);
                }
            }
        }
        for (var box : world.machines()) {
            if (box.disk().fault() == ModelDisk.Fault.FAILS && mayLoseDisk(box)) {
                world.trace().say(box.name().value(), () -> "!     its disk is replaced");
                box.powerOff();
                box.replaceDisk();
                world.invariants().diskReplaced(box);
                box.powerOn();
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

    /** Not while the other copy may lack something: this one may be the only one that has it. */
    private boolean mayLoseDisk(Machine box) {
        return world.invariants()
                .written(box.other())
                .filter(state -> state.standing() == Standing.UP_TO_DATE)
                .isPresent();
    }

    private boolean asksForAPerson(Machine box) {
        return box.replica().isPresent()
                && box.daemon()
                        .filter(daemon ->
                                daemon.controller().view(box.clock().nowNanos()).alarms().stream()
                                        .anyMatch(alarm -> alarm.contains("confirm-fenced")))
                        .isPresent();
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
