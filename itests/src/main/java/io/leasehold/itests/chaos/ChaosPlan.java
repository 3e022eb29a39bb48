package io.leasehold.itests.chaos;

import io.leasehold.itests.chaos.Fault.Box;
import io.leasehold.itests.chaos.Fault.Cable;
import io.leasehold.itests.chaos.Fault.DiskTrouble;
import io.leasehold.itests.chaos.Fault.Moment;
import io.leasehold.itests.chaos.Fault.Processes;
import io.leasehold.itests.chaos.Fault.Way;
import io.leasehold.itests.chaos.Fault.When;
import io.leasehold.itests.lab.LabOptions.Arbiter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Which fault comes in which round: a pure function of seed, arbiter and longest pause.
 *
 * <p>The kinds of faults are dealt like cards. Each deck has all of them, so that as many rounds as
 * there are kinds see each once, in an order and with details that the seed decides. A round is the
 * same whether it is played after those before it or by itself.
 *
 * @param pauseMax of a process or a box that stands still, and of any other fault, too, where that
 *     would last longer
 */
record ChaosPlan(long seed, Arbiter arbiter, Duration pauseMax) {
    static final Duration PAUSE_MIN = Duration.ofMillis(100);

    /** Long enough for anything to have come of it: a takeover, a fence, a surrender. */
    private static final Duration LASTING_MAX = Duration.ofSeconds(8);

    /** A kind of fault; the details are drawn. */
    @FunctionalInterface
    private interface Card {
        Fault draw(Dice dice);
    }

    ChaosPlan {
        if (pauseMax.compareTo(PAUSE_MIN) <= 0) {
            throw new IllegalArgumentException(
                    "the longest pause must be longer than " + PAUSE_MIN.toMillis() + " ms");
        }
        switch (arbiter) {
            case FENCING, ZOOKEEPER -> {}
            case OPERATOR ->
                    throw new IllegalArgumentException(
                            "with arbiter operator nothing heals without a person");
        }
    }

    /** The fault of a round; rounds are counted from 1. */
    Fault fault(int round) {
        if (round < 1) {
            throw new IllegalArgumentException("rounds are counted from 1");
        }
        var cards = cards();
        int deck = (round - 1) / cards.size();
        var dealt = shuffled(cards, new SplittableRandom(seed).longs().skip(deck).findFirst());
        var dice = new Dice(new SplittableRandom(seed ^ Long.rotateLeft(round, 32)), pauseMax);
        return dealt.get((round - 1) % cards.size()).draw(dice);
    }

    /** How many rounds it takes to see each kind of fault once. */
    int kinds() {
        return cards().size();
    }

    private static List<Card> shuffled(List<Card> cards, java.util.OptionalLong seed) {
        var random = new SplittableRandom(seed.orElseThrow());
        var shuffled = new ArrayList<>(cards);
        for (int i = shuffled.size() - 1; i > 0; i--) {
            java.util.Collections.swap(shuffled, i, random.nextInt(i + 1));
        }
        return shuffled;
    }

    private List<Card> cards() {
        var cards = new ArrayList<Card>();
        for (var cable : List.of(Cable.CROSSOVER, Cable.LAN_OF_PRIMARY, Cable.LAN_OF_SECONDARY)) {
            for (var way : Way.values()) {
                cards.add(dice -> new Fault.Cut(cable, way, dice.lasting()));
            }
        }
        for (var cable : List.of(Cable.ALL_OF_PRIMARY, Cable.ALL_OF_SECONDARY)) {
            cards.add(dice -> new Fault.Cut(cable, Way.BOTH_WAYS, dice.lasting()));
        }
        cards.add(powerOff(Box.PRIMARY, Moment.REWRITE));
        cards.add(kill(Processes.DAEMON, Box.PRIMARY, Moment.REWRITE));
        for (var box : Box.values()) {
            for (var moment : List.of(Moment.CALM, Moment.RESYNC, Moment.TAKEOVER)) {
                cards.add(powerOff(box, moment));
                cards.add(kill(Processes.DAEMON, box, moment));
            }
            cards.add(kill(Processes.KEEPER, box, Moment.CALM));
            cards.add(kill(Processes.DAEMON_AND_KEEPER, box, Moment.CALM));
            for (var processes : List.of(Processes.DAEMON, Processes.EVERYTHING)) {
                cards.add(dice -> new Fault.Pause(processes, box, dice.pause()));
            }
            for (var trouble : DiskTrouble.values()) {
                cards.add(dice -> new Fault.Disk(trouble, box, dice.lasting()));
            }
            cards.add(dice -> new Fault.BothOff(box, dice.lasting()));
        }
        cards.add(kill(Processes.DAEMON, Box.SECONDARY, Moment.FAILOVER));
        switch (arbiter) {
            case FENCING -> {
                for (var box : Box.values()) {
                    cards.add(dice -> new Fault.UnprovenDeath(box, dice.lasting()));
                }
            }
            case ZOOKEEPER -> {
                cards.add(dice -> new Fault.WitnessDies(dice.lasting()));
                for (var way : Way.values()) {
                    cards.add(dice -> new Fault.Cut(Cable.LAN_OF_WITNESS, way, dice.lasting()));
                }
                for (var box : Box.values()) {
                    cards.add(dice -> new Fault.Minority(box, dice.lasting()));
                    cards.add(kill(Processes.MEMBER, box, Moment.CALM));
                    for (var processes : List.of(Processes.MEMBER, Processes.KEEPER)) {
                        cards.add(dice -> new Fault.Pause(processes, box, dice.pause()));
                    }
                }
                cards.add(powerOff(Box.SECONDARY, Moment.FAILOVER));
                cards.add(powerOff(Box.PRIMARY, Moment.LEADING));
            }
            case OPERATOR -> throw new IllegalStateException("refused when this was made");
        }
        return cards;
    }

    private static Card powerOff(Box box, Moment moment) {
        return dice -> new Fault.PowerOff(box, dice.when(moment), dice.yesOrNo(), dice.lasting());
    }

    private static Card kill(Processes processes, Box box, Moment moment) {
        return dice -> new Fault.Kill(processes, box, dice.when(moment), dice.lasting());
    }

    /** Draws details. */
    private record Dice(SplittableRandom random, Duration pauseMax) {
        boolean yesOrNo() {
            return random.nextBoolean();
        }

        /** Short ones as often as long ones: each power of ten has the same share. */
        Duration pause() {
            return between(PAUSE_MIN, pauseMax);
        }

        Duration lasting() {
            return between(PAUSE_MIN, pauseMax.compareTo(LASTING_MAX) < 0 ? pauseMax : LASTING_MAX);
        }

        When when(Moment moment) {
            return new When(
                    moment,
                    switch (moment) {
                        // Its parts take a few milliseconds each.
                        case REWRITE -> Duration.ofNanos(random.nextLong(4_000_000));
                        case CALM, LEADING -> Duration.ofMillis(random.nextLong(500));
                        case RESYNC -> Duration.ofMillis(random.nextLong(300));
                        case TAKEOVER -> Duration.ofMillis(random.nextLong(800));
                        // The silence that makes the peer lost is a part of it.
                        case FAILOVER -> Duration.ofMillis(500 + random.nextLong(2_000));
                    });
        }

        private Duration between(Duration least, Duration most) {
            double exponent =
                    random.nextDouble(
                            Math.log((double) least.toMillis()),
                            Math.log((double) most.toMillis()));
            return Duration.ofMillis(Math.round(Math.exp(exponent)));
        }
    }
}
