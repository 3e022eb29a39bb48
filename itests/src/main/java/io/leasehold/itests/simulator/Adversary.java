package io.leasehold.itests.simulator;

import static io.leasehold.itests.simulator.World.MILLI;
import static io.leasehold.itests.simulator.World.SECOND;

import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Standing;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Does harm, by seed: two times of three when all is well, else in the middle of the answer to the
 * last harm. Each seed has its own selection of faults, so that rare combinations are not drowned
 * by common ones. What lasts is undone by the one who did it.
 */
final class Adversary {
    private static final int FAULTS = 40;
    private static final long CALM_AWAITED_NANOS = 20 * SECOND;
    private static final int QUIET_SECONDS = 4;

    /** Most writes are not answered before. */
    private static final long WRITE_NANOS = 600_000;

    /** Of all seeds; the others are judged by the strict rules from beginning to end. */
    private static final double BEYOND_ALL_PROTOCOLS = 0.12;

    private static final List<Fault> CRASHES =
            List.of(
                    Fault.POWER_OFF,
                    Fault.POWER_OFF,
                    Fault.POWER_OFF_IN_A_DISK_OPERATION,
                    Fault.KILL_KEEPER);

    private enum Fault {
        POWER_OFF,
        POWER_OFF_IN_A_DISK_OPERATION,
        MAINS_LOST,
        BOTH_OFF,
        KILL_DAEMON,
        KILL_DAEMON_IN_A_DISK_OPERATION,
        KILL_BOTH_DAEMONS,
        KILL_KEEPER,
        PAUSE_DAEMON,
        FREEZE,
        CUT_LINK,
        CUT_ALL_LINKS,
        CUT_OFF_WITH_ITS_CLIENTS,
        CUT_ONE_WAY,
        BAD_WEATHER,
        DISK_FAILS,
        DISK_FULL,
        DISK_SLOW,
        COMPARE_INTERRUPTED,
        CLOCK_STEPS,
        DHCP_DIES,
        DHCP_BROKEN,
        STOP_BROKEN,
        CLIENT_LINK_DOWN,
        FENCE_FAILS,
        FENCE_SLOW,
        FENCE_LATE,
        DEATH_BETWEEN_EFFECTS,
        STALL_BETWEEN_EFFECTS,
        SIGTERM,
        REBOOT,
        TAKEOVER,
        STANDBY,
        MAINTENANCE,
        FENCE_BY_OPERATOR,
        ARBITER_CHANGES,
        WITNESS_LOST,
        WITNESS_CUT,
        ISOLATED,
        MEMBER_KILLED,
        LEADER_FROZEN,
        SESSION_EXPIRES,
        ENSEMBLE_UNREACHABLE,
        REQUESTS_LATE,
        FENCE_LIES,
        CONFIRMED_WRONGLY,
        FORCED,
        DISK_LOST,
        BOTH_DISKS_LOST
    }

    /** What {@link Aftermath} judges. */
    private static final Set<Fault> BEYOND = EnumSet.range(Fault.FENCE_LIES, Fault.BOTH_DISKS_LOST);

    /** Only where there is an ensemble. */
    private static final Set<Fault> OF_THE_ENSEMBLE =
            EnumSet.range(Fault.WITNESS_LOST, Fault.REQUESTS_LATE);

    /**
     * Not where the ensemble keeps the record: it does not change its arbiter (ADR 0026), and what
     * is in it cannot be forced away from a copy that is gone (R12, R21).
     */
    private static final Set<Fault> WITHOUT_ENSEMBLE =
            EnumSet.of(Fault.ARBITER_CHANGES, Fault.DISK_LOST, Fault.BOTH_DISKS_LOST);

    private final World world;
    private final Chance chance;
    private final List<Fault> selection = new ArrayList<>();
    private Optional<Machine> diskToFail = Optional.empty();
    private int left = FAULTS;
    private boolean ended;

    Adversary(World world) {
        this.world = world;
        this.chance = world.chance();
        double share = chance.oneOf(List.of(0.15, 0.3, 0.6, 1.0));
        boolean beyond = chance.happens(BEYOND_ALL_PROTOCOLS);
        for (var fault : Fault.values()) {
            if (chance.happens(BEYOND.contains(fault) ? Math.max(share, 0.5) : share)
                    && (beyond || !BEYOND.contains(fault))
                    && !(world.ensemble().isPresent() ? WITHOUT_ENSEMBLE : OF_THE_ENSEMBLE)
                            .contains(fault)) {
                selection.add(fault);
            }
        }
        selection.add(Fault.CUT_LINK);
    }

    /** Most of what breaks a pair needs a crash: half of the faults are one. */
    private Fault choose() {
        return chance.happens(0.5) ? chance.oneOf(CRASHES) : chance.oneOf(selection);
    }

    void begin() {
        next();
    }

    boolean hasEnded() {
        return ended;
    }

    /** One copy is all that is left of the data while a disk is broken: nothing else, then. */
    private boolean isNothingBroken() {
        return world.isCalm()
                && world.network().isWhole()
                && world.ensemble().map(Ensemble::isWhole).orElse(true)
                && world.machines().stream()
                        .allMatch(box ->
                                box.disk().fault() == ModelDisk.Fault.NONE
                                        && box.fenceDevice().fault() == FenceDevice.Fault.NONE
                                        && !box.isBroken());
    }

    /**
     * At once where the other box is known to have every acknowledged operation, whatever else goes
     * on; else after some seconds in which nothing was wrong; not at all if they do not come. To
     * lose the only copy is {@link Fault#DISK_LOST}.
     */
    private void breakDisk(Machine box, int quietSeconds) {
        boolean atOnce = isOtherCopyWhole(box) && chance.happens(0.5);
        boolean quiet = isNothingBroken();
        if (!atOnce && quiet && quietSeconds > 0) {
            world.agenda().after(SECOND, () -> breakDisk(box, quietSeconds - 1));
            return;
        }
        diskToFail = Optional.empty();
        if (atOnce || quiet) {
            box.disk().fault(ModelDisk.Fault.FAILS);
        }
        next();
    }

    private boolean isOtherCopyWhole(Machine box) {
        if (world.ensemble().isPresent()) {
            // A shrink that was asked for, or will be before the failure is noticed, may be taken:
            // the record then names this copy only.
            return false;
        }
        var mine = world.invariants().written(box);
        var theirs = world.invariants().written(box.other());
        return mine.isPresent()
                && theirs.isPresent()
                && box.other().disk().fault() == ModelDisk.Fault.NONE
                && theirs.get().standing() == Standing.UP_TO_DATE
                && theirs.get().record().inSync().size() == 2
                && mine.get().record().inSync().size() == 2
                && mine.get().record().epoch().equals(theirs.get().record().epoch())
                && mine.get().record().gen().equals(theirs.get().record().gen());
    }

    private boolean isDiskBroken() {
        return world.machines().stream()
                .anyMatch(box -> box.disk().fault() == ModelDisk.Fault.FAILS);
    }

    private void next() {
        if (isDiskBroken()) {
            world.agenda().after(SECOND, this::next);
        } else if (diskToFail.isPresent()) {
            breakDisk(diskToFail.get(), QUIET_SECONDS);
        } else if (left-- == 0) {
            ended = true;
        } else if (chance.happens(0.65)) {
            awaitCalm(world.agenda().nowNanos() + CALM_AWAITED_NANOS);
        } else {
            strikeWithin(1500 * MILLI);
        }
    }

    private void awaitCalm(long untilNanos) {
        if (world.isCalm() || world.agenda().nowNanos() >= untilNanos) {
            strikeWithin(300 * MILLI);
        } else {
            world.agenda().after(50 * MILLI, () -> awaitCalm(untilNanos));
        }
    }

    private void strikeWithin(long nanos) {
        world.agenda()
                .after(
                        chance.between(0, nanos),
                        () -> {
                            strike();
                            next();
                        });
    }

    /** The box that serves, mostly. */
    private Machine victim() {
        return victim(0.7);
    }

    private Machine victim(double serves) {
        var serving = world.machines().stream().filter(Machine::serves).findFirst();
        return serving.isPresent() && chance.happens(serves)
                ? serving.get()
                : world.machine(chance.below(2));
    }

    private void later(long atLeast, long atMost, Runnable action) {
        unlessHealed(chance.between(atLeast, atMost), action);
    }

    private void unlessHealed(long afterNanos, Runnable action) {
        world.agenda()
                .after(
                        afterNanos,
                        () -> {
                            if (!ended) {
                                action.run();
                            }
                        });
    }

    /** A client is being answered just then. */
    private void withAWriteInFlight(Machine box, Runnable action) {
        if (chance.happens(0.9)) {
            box.dhcp().serve();
        }
        unlessHealed(chance.between(0, WRITE_NANOS), action);
    }

    private void strike() {
        var fault = choose();
        var box = CRASHES.contains(fault) ? victim(0.9) : victim();
        var device = box.fenceDevice();
        world.trace().say("", () -> "!     " + fault + " " + box.name());
        switch (fault) {
            case POWER_OFF -> withAWriteInFlight(box, box::powerOff);
            case POWER_OFF_IN_A_DISK_OPERATION ->
                    withAWriteInFlight(box, () -> box.disk().dieAfter(chance.below(6), true));
            case MAINS_LOST ->
                    withAWriteInFlight(
                            box,
                            () -> {
                                box.mains(false);
                                later(2 * SECOND, 15 * SECOND, () -> box.mains(true));
                            });
            case BOTH_OFF ->
                    withAWriteInFlight(
                            box,
                            () -> {
                                box.powerOff();
                                later(0, 100 * MILLI, () -> box.other().powerOff());
                            });
            case KILL_DAEMON ->
                    withAWriteInFlight(
                            box,
                            () -> {
                                if (chance.happens(0.5)) {
                                    box.killDaemon();
                                } else {
                                    box.killDaemon(chance.between(100 * MILLI, 3 * SECOND));
                                }
                            });
            case KILL_DAEMON_IN_A_DISK_OPERATION ->
                    withAWriteInFlight(box, () -> box.disk().dieAfter(chance.below(12), false));
            case KILL_BOTH_DAEMONS ->
                    withAWriteInFlight(
                            box,
                            () -> {
                                box.killDaemon();
                                later(0, 100 * MILLI, () -> box.other().killDaemon());
                            });
            case KILL_KEEPER -> withAWriteInFlight(box, () -> box.killKeeper(chance.happens(0.5)));
            case PAUSE_DAEMON ->
                    withAWriteInFlight(
                            box, () -> box.pauseDaemon(chance.between(100 * MILLI, 8 * SECOND)));
            case FREEZE ->
                    withAWriteInFlight(
                            box, () -> box.freeze(chance.between(100 * MILLI, 8 * SECOND)));
            case CUT_LINK -> {
                int link = chance.below(2);
                world.network().cut(link, chance.happens(0.5));
                later(200 * MILLI, 8 * SECOND, () -> world.network().heal(link));
            }
            case CUT_ALL_LINKS -> {
                world.network().cut(0, chance.happens(0.5));
                later(
                        0,
                        300 * MILLI,
                        () -> {
                            world.network().cut(1, false);
                            later(200 * MILLI, 8 * SECOND, () -> world.network().heal(1));
                        });
                later(200 * MILLI, 8 * SECOND, () -> world.network().heal(0));
            }
            case CUT_OFF_WITH_ITS_CLIENTS -> {
                world.network().cut(0, chance.happens(0.5));
                world.network().cut(1, false);
                later(0, 300 * MILLI, () -> box.clientLink(false));
                later(
                        500 * MILLI,
                        8 * SECOND,
                        () -> {
                            world.network().heal(0);
                            world.network().heal(1);
                            box.clientLink(true);
                        });
            }
            case CUT_ONE_WAY -> {
                int link = chance.below(2);
                world.network().cut(link, box.index());
                later(200 * MILLI, 8 * SECOND, () -> world.network().heal(link));
            }
            case BAD_WEATHER -> {
                world.network().weather(0.4, 0.2, 0.2);
                later(SECOND, 8 * SECOND, () -> world.network().weather(0, 0, 0));
            }
            case DISK_FAILS -> diskToFail = Optional.of(box);
            case DISK_FULL -> {
                if (box.disk().fault() == ModelDisk.Fault.NONE) {
                    var disk = box.disk();
                    disk.fault(ModelDisk.Fault.FULL);
                    later(
                            SECOND,
                            8 * SECOND,
                            () -> {
                                if (disk.fault() == ModelDisk.Fault.FULL) {
                                    disk.fault(ModelDisk.Fault.NONE);
                                }
                            });
                }
            }
            case DISK_SLOW -> {
                box.disk().latency(chance.between(20 * MILLI, 1200 * MILLI));
                later(200 * MILLI, 4 * SECOND, () -> box.disk().latency(World.DISK_LATENCY_NANOS));
            }
            case COMPARE_INTERRUPTED -> world.whenACompareBegins(this::interrupt);
            case CLOCK_STEPS -> box.stepWallClock(chance.between(-300 * SECOND, 300 * SECOND));
            case DHCP_DIES -> withAWriteInFlight(box, box::dhcpDies);
            case DHCP_BROKEN -> {
                box.dhcpBroken(true);
                box.dhcpDies();
                later(SECOND, 10 * SECOND, () -> box.dhcpBroken(false));
            }
            case STOP_BROKEN -> {
                box.stopBroken(true);
                later(SECOND, 6 * SECOND, () -> box.stopBroken(false));
            }
            case CLIENT_LINK_DOWN -> {
                box.clientLink(false);
                later(SECOND, 8 * SECOND, () -> box.clientLink(true));
            }
            case FENCE_FAILS -> fenceFault(device, FenceDevice.Fault.FAILS);
            case FENCE_SLOW -> fenceFault(device, FenceDevice.Fault.SLOW);
            case FENCE_LATE -> fenceFault(device, FenceDevice.Fault.LATE);
            case DEATH_BETWEEN_EFFECTS -> {
                world.deathsBetweenEffects(0.02, 0);
                later(SECOND, 5 * SECOND, () -> world.deathsBetweenEffects(0, 0));
            }
            case STALL_BETWEEN_EFFECTS -> {
                world.deathsBetweenEffects(0, 0.02);
                later(SECOND, 5 * SECOND, () -> world.deathsBetweenEffects(0, 0));
            }
            case SIGTERM -> box.sigterm();
            case REBOOT -> {
                box.sigterm();
                later(100 * MILLI, 3 * SECOND, box::powerOff);
            }
            case TAKEOVER ->
                    world.machine(chance.below(2)).command(new Command.Takeover(box.name()));
            case STANDBY ->
                    world.machine(chance.below(2))
                            .command(
                                    new Command.EnterStandby(
                                            box.name(),
                                            OptionalLong.of(chance.between(SECOND, 8 * SECOND)),
                                            "new memory"));
            case MAINTENANCE -> {
                box.command(new Command.SetMaintenance(true));
                later(
                        SECOND,
                        5 * SECOND,
                        () ->
                                world.machine(chance.below(2))
                                        .command(new Command.SetMaintenance(false)));
            }
            case FENCE_BY_OPERATOR -> box.other().command(new Command.Fence(box.name()));
            case ARBITER_CHANGES -> changeArbiter(box);
            case WITNESS_LOST -> {
                ensemble().stop(Ensemble.WITNESS, chance.happens(0.5));
                later(200 * MILLI, 10 * SECOND, () -> ensemble().start(Ensemble.WITNESS));
                perhapsACrashToo(box);
            }
            case WITNESS_CUT -> {
                int way = chance.below(3);
                ensemble().cutWitness(box.index(), way != 1, way != 0);
                later(
                        200 * MILLI,
                        10 * SECOND,
                        () -> ensemble().cutWitness(box.index(), false, false));
                perhapsACrashToo(box);
            }
            case ISOLATED -> {
                world.network().cut(0, chance.happens(0.5));
                world.network().cut(1, false);
                ensemble().cutWitness(box.index(), true, true);
                later(
                        500 * MILLI,
                        8 * SECOND,
                        () -> {
                            world.network().heal(0);
                            world.network().heal(1);
                            ensemble().cutWitness(box.index(), false, false);
                        });
            }
            case MEMBER_KILLED -> box.killMember();
            case LEADER_FROZEN ->
                    ensemble()
                            .leader()
                            .ifPresent(index -> {
                                if (index == Ensemble.WITNESS) {
                                    ensemble().freeze(index, true);
                                    later(
                                            100 * MILLI,
                                            4 * SECOND,
                                            () -> ensemble().freeze(index, false));
                                } else {
                                    world.machine(index)
                                            .freeze(chance.between(100 * MILLI, 4 * SECOND));
                                }
                            });
            case ENSEMBLE_UNREACHABLE -> {
                ensemble().isolate(box.index(), true);
                later(200 * MILLI, 8 * SECOND, () -> ensemble().isolate(box.index(), false));
                perhapsACrashToo(chance.oneOf(world.machines()));
            }
            case SESSION_EXPIRES -> ensemble().expireSession(box.index());
            case FENCE_LIES -> {
                fenceFault(device, FenceDevice.Fault.LIES);
                separate(box, false);
            }
            case CONFIRMED_WRONGLY -> {
                separate(box, true);
                var wrong = chance.oneOf(world.machines());
                later(
                        SECOND,
                        3 * SECOND,
                        () -> {
                            if (wrong != box && wrong.isPowered()) {
                                world.invariants()
                                        .aftermath()
                                        .deceived("a person takes silence for death");
                            }
                            box.command(new Command.ConfirmFenced(wrong.name()));
                        });
            }
            case FORCED -> {
                separate(box, true);
                later(2 * SECOND, 4 * SECOND, box::force);
            }
            case DISK_LOST -> box.disk().fault(ModelDisk.Fault.FAILS);
            case BOTH_DISKS_LOST ->
                    world.machines().forEach(each -> each.disk().fault(ModelDisk.Fault.FAILS));
            case REQUESTS_LATE -> {
                ensemble()
                        .weather(chance.oneOf(List.of(0.1, 0.4)), chance.oneOf(List.of(0.1, 0.4)));
                later(SECOND, 10 * SECOND, () -> ensemble().weather(0, 0));
                perhapsACrashToo(box);
            }
        }
    }

    /**
     * Both files are edited, and one daemon after the other is restarted; in whatever order, and
     * perhaps with something else in between. Now and then only one file is edited, until a person
     * notices ({@link Repairer}).
     */
    private void changeArbiter(Machine box) {
        var next =
                box.arbiter() == ArbitrationMode.FENCING
                        ? ArbitrationMode.OPERATOR
                        : ArbitrationMode.FENCING;
        var first = chance.happens(0.7) ? box.other() : box;
        first.changeArbiter(next);
        if (chance.happens(0.8)) {
            later(300 * MILLI, 5 * SECOND, () -> first.other().changeArbiter(next));
        }
        if (chance.happens(0.4)) {
            later(0, 6 * SECOND, () -> withAWriteInFlight(box, box::powerOff));
        }
    }

    /** In the middle of a compare, whose target is {@code target}. */
    private void interrupt(Machine target) {
        var box = chance.happens(0.5) ? target : target.other();
        unlessHealed(
                chance.between(0, 3 * MILLI),
                () -> {
                    world.trace().say("", () -> "!     a compare is interrupted");
                    switch (chance.below(3)) {
                        case 0 -> box.powerOff();
                        case 1 -> box.killDaemon();
                        default -> {
                            world.network().cut(0, chance.happens(0.5));
                            later(200 * MILLI, 4 * SECOND, () -> world.network().heal(0));
                        }
                    }
                });
    }

    /** Neither hears the other one for a while, though both may live. */
    private void separate(Machine box, boolean surely) {
        if (surely || chance.happens(0.7)) {
            world.network().cut(0, chance.happens(0.5));
            world.network().cut(1, false);
            later(
                    3 * SECOND,
                    9 * SECOND,
                    () -> {
                        world.network().heal(0);
                        world.network().heal(1);
                    });
        } else {
            box.freeze(chance.between(SECOND, 6 * SECOND));
        }
    }

    private Ensemble ensemble() {
        return world.ensemble().orElseThrow();
    }

    /** A witness is only missed when something else happens. */
    private void perhapsACrashToo(Machine box) {
        if (chance.happens(0.4)) {
            later(0, SECOND, () -> withAWriteInFlight(box, box::powerOff));
        }
    }

    private void fenceFault(FenceDevice device, FenceDevice.Fault fault) {
        device.fault(fault);
        later(2 * SECOND, 10 * SECOND, () -> device.fault(FenceDevice.Fault.NONE));
        if (chance.happens(0.5)) {
            later(
                    0,
                    SECOND,
                    () -> {
                        var serving = world.machines().stream().filter(Machine::serves).findFirst();
                        serving.or(() -> Optional.of(victim())).ifPresent(Machine::powerOff);
                    });
        }
    }

    /** Everything that was broken works again, at once; what is off stays off. */
    void healEverything() {
        world.trace().say("", () -> "!     everything is healed");
        world.network().healAll();
        world.ensemble().ifPresent(Ensemble::healAll);
        world.deathsBetweenEffects(0, 0);
        for (var box : world.machines()) {
            box.mains(true);
            box.fenceDevice().fault(FenceDevice.Fault.NONE);
            box.dhcpBroken(false);
            box.stopBroken(false);
            box.disk().latency(World.DISK_LATENCY_NANOS);
            box.disk().forgetDeath();
            if (box.disk().fault() == ModelDisk.Fault.FULL) {
                box.disk().fault(ModelDisk.Fault.NONE);
            }
            box.clientLink(true);
            box.command(new Command.SetMaintenance(false));
            box.changeArbiter(world.machine(0).arbiter());
        }
    }
}
