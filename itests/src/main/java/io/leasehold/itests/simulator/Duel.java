package io.leasehold.itests.simulator;

import io.leasehold.heartbeat.record.BootId;
import java.util.ArrayList;
import java.util.List;

/**
 * R35: of two that lose each other at the same moment, one shoots, and the other one is off before
 * its turn has come. Both off is no danger to the data, and nobody serves: no other check sees it.
 *
 * <p>The delays of R35 begin when a node notices. They part nothing where the two do not notice at
 * the same time: links that let one direction through, or lose beats; a daemon that stood still, or
 * is new; a device that is slow or was away; a person who has one shot. Nothing is judged until
 * that is some time ago.
 */
final class Duel {
    /** Longer than a new daemon waits for a first beat. */
    private static final long UNEVEN_NANOS = 4 * World.SECOND;

    private final World world;
    private long unevenUntilNanos = Long.MIN_VALUE;
    private final List<BootId> shot =
            new ArrayList<>(List.of(new BootId("never shot"), new BootId("never shot")));

    Duel(World world) {
        this.world = world;
    }

    /** From here on for a while one may notice later than the other. */
    void uneven() {
        unevenUntilNanos = world.agenda().nowNanos() + UNEVEN_NANOS;
    }

    /**
     * The power of a box is about to be switched off.
     *
     * @param by the power-on of the other one that has asked for it
     */
    void shoots(Machine target, BootId by) {
        if (!target.isPowered()) {
            return;
        }
        shot.set(target.index(), target.bootId());
        var shooter = target.other();
        if (!shooter.isPowered()
                && shot.get(shooter.index()).equals(by)
                && world.agenda().nowNanos() >= unevenUntilNanos
                && world.network().isEven()) {
            throw new Violation(
                    "R35",
                    "%s and %s have shot each other, and nobody is left to serve"
                            .formatted(shooter.name(), target.name()));
        }
    }
}
