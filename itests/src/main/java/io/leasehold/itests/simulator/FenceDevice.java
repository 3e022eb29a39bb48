package io.leasehold.itests.simulator;

import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceOutcome;

/** The power switch of one machine, as the other one sees it, with all that it can do wrong. */
final class FenceDevice {
    /** What is wrong with it. */
    enum Fault {
        NONE,
        /** It says that it could not. */
        FAILS,
        /** It answers in time, but slowly. */
        SLOW,
        /** It does not answer in time, and does it nevertheless, later. */
        LATE,
        /** It says that it has, and has not. */
        LIES
    }

    /** How it went, and whether the power was read back off. */
    interface Listener {
        void answered(FenceOutcome outcome, boolean off);
    }

    private final World world;
    private final Machine machine;
    private Fault fault = Fault.NONE;

    FenceDevice(World world, Machine machine) {
        this.world = world;
        this.machine = machine;
    }

    void fault(Fault next) {
        if (fault != next) {
            world.duel().uneven();
        }
        fault = next;
    }

    Fault fault() {
        return fault;
    }

    void run(FenceAction action, long timeoutNanos, Listener listener) {
        switch (machine.hasMains() ? fault : Fault.FAILS) {
            case FAILS ->
                    answer(
                            world.chance().about(100_000_000),
                            new FenceOutcome.Unconfirmed("BMC unreachable"),
                            false,
                            listener);
            case LATE -> {
                answer(
                        timeoutNanos,
                        new FenceOutcome.Unconfirmed("the agent did not answer in time"),
                        false,
                        listener);
                world.agenda()
                        .after(
                                timeoutNanos + world.chance().about(6_000_000_000L),
                                () -> execute(action));
            }
            case LIES ->
                    world.agenda()
                            .after(
                                    world.chance().about(50_000_000),
                                    () -> {
                                        if (action == FenceAction.OFF && machine.isPowered()) {
                                            world.invariants()
                                                    .aftermath()
                                                    .deceived(
                                                            "the fence device of "
                                                                    + machine.name()
                                                                    + " lies");
                                        }
                                        listener.answered(
                                                confirmed(action), action == FenceAction.OFF);
                                    });
            case NONE -> execute(action, world.chance().about(50_000_000), listener);
            case SLOW -> execute(action, timeoutNanos - 1_000_000, listener);
        }
    }

    private void execute(FenceAction action, long afterNanos, Listener listener) {
        var by = machine.other().bootId();
        world.agenda()
                .after(
                        afterNanos,
                        () -> {
                            if (!machine.hasMains()) {
                                listener.answered(
                                        new FenceOutcome.Unconfirmed("BMC without power"), false);
                                return;
                            }
                            if (action == FenceAction.OFF) {
                                world.duel().shoots(machine, by);
                            }
                            execute(action);
                            listener.answered(confirmed(action), action == FenceAction.OFF);
                        });
    }

    private FenceOutcome confirmed(FenceAction action) {
        return new FenceOutcome.Confirmed(
                "power of " + machine.name() + (action == FenceAction.OFF ? " is OFF" : " is ON"));
    }

    private void execute(FenceAction action) {
        switch (action) {
            case OFF -> {
                machine.say(() -> "!     fenced");
                machine.powerOff();
            }
            case ON -> machine.powerOn();
        }
    }

    private void answer(long afterNanos, FenceOutcome outcome, boolean off, Listener listener) {
        world.agenda()
                .after(afterNanos, () -> listener.answered(world.sabotage().fenced(outcome), off));
    }
}
