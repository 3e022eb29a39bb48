package io.leasehold.itests.chaos;

import java.time.Duration;
import java.util.Locale;

/**
 * What is done to a pair that is well, said with the boxes' roles at that time: which box has which
 * role depends on what happened before, and a plan does not know that.
 */
sealed interface Fault {
    /** How long it is left as it is, before everything is healed. */
    Duration lasting();

    /** One of the boxes, by its role when the fault begins. */
    enum Box {
        PRIMARY,
        SECONDARY;

        Box other() {
            return this == PRIMARY ? SECONDARY : PRIMARY;
        }
    }

    /** What is cut. */
    enum Cable {
        CROSSOVER,
        LAN_OF_PRIMARY,
        LAN_OF_SECONDARY,
        ALL_OF_PRIMARY,
        ALL_OF_SECONDARY,
        LAN_OF_WITNESS
    }

    /** Which frames are lost; the box at the end of the crossover is the primary. */
    enum Way {
        BOTH_WAYS,
        FROM_THE_BOX,
        TO_THE_BOX
    }

    /** What is going on when it strikes. */
    enum Moment {
        /** Nothing but the clients' load. */
        CALM,
        /** dhcpd, just started, writes its lease file anew. */
        REWRITE,
        /** The secondary is back after it missed a lot. */
        RESYNC,
        /** A planned takeover by the secondary. */
        TAKEOVER,
        /** The primary has lost its power. */
        FAILOVER,
        /** The primary's member leads the ensemble. */
        LEADING
    }

    /** Which processes. */
    enum Processes {
        DAEMON,
        KEEPER,
        DAEMON_AND_KEEPER,
        /** Of the ensemble. */
        MEMBER,
        EVERYTHING
    }

    /** What a disk does. */
    enum DiskTrouble {
        /** Each request fails. */
        BROKEN,
        /** The file system has no block left. */
        FULL,
        /** Each request takes tens of milliseconds. */
        SLOW
    }

    /** When it strikes: so long after the moment was reached. */
    record When(Moment moment, Duration after) {
        @Override
        public String toString() {
            var text = label(moment);
            return moment == Moment.CALM ? "" : ", %s + %d ms".formatted(text, after.toMillis());
        }
    }

    record Cut(Cable cable, Way way, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "cut %s, %s, %s".formatted(label(cable), label(way), millis(lasting));
        }
    }

    /**
     * The plug is pulled.
     *
     * @param losingUnsynced whether its disk forgets what it did not sync
     */
    record PowerOff(Box box, When when, boolean losingUnsynced, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "power-off of the %s%s%s, %s"
                    .formatted(
                            label(box),
                            losingUnsynced ? " losing what is not synced" : "",
                            when,
                            millis(lasting));
        }
    }

    /** kill -9. */
    record Kill(Processes processes, Box box, When when, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "kill -9 of the %s of the %s%s, %s"
                    .formatted(label(processes), label(box), when, millis(lasting));
        }
    }

    /** SIGSTOP, and SIGCONT afterwards. */
    record Pause(Processes processes, Box box, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "pause of the %s of the %s, %s"
                    .formatted(label(processes), label(box), millis(lasting));
        }
    }

    record Disk(DiskTrouble trouble, Box box, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "%s disk of the %s, %s".formatted(label(trouble), label(box), millis(lasting));
        }
    }

    /**
     * Both lose their power at once; one is switched on again, the other one when all is healed.
     */
    record BothOff(Box alone, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "power-off of both, the %s returns alone, %s"
                    .formatted(label(alone), millis(lasting));
        }
    }

    /** A box loses its power, and the device that would prove it does not answer. */
    record UnprovenDeath(Box box, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "power-off of the %s with its fence device dead, %s"
                    .formatted(label(box), millis(lasting));
        }
    }

    record WitnessDies(Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "kill -9 of the witness, " + millis(lasting);
        }
    }

    /** A box without witness and peer: one of three members is no quorum. */
    record Minority(Box alone, Duration lasting) implements Fault {
        @Override
        public String toString() {
            return "the %s left without witness and peer, %s"
                    .formatted(label(alone), millis(lasting));
        }
    }

    private static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String millis(Duration duration) {
        return duration.toMillis() + " ms";
    }
}
