package io.leasehold.heartbeat.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Standing;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Both controllers against random faults: never two serve, no acknowledged write is lost, and when
 * everything is healed one serves and both are in sync. {@code -Dpair.seeds=N} runs more seeds,
 * {@code -Dpair.seed=S} one.
 */
class PairSimulationTest {

    private static final long FAULTS_UNTIL = 60 * World.SECOND;
    private static final long HEALED_UNTIL = 120 * World.SECOND;

    static LongStream seeds() {
        var one = Long.getLong("pair.seed");
        return one != null
                ? LongStream.of(one)
                : LongStream.rangeClosed(1, Long.getLong("pair.seeds", 200));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldKeepTheInvariantsAndHeal(long seed) {
        var world = new World(seed, World.Chaos.SOME, ArbitrationMode.FENCING);
        try {
            run(world);
        } catch (AssertionError | RuntimeException broken) {
            throw new AssertionError(
                    "seed " + seed + ": " + broken.getMessage() + "\n" + lastLines(world), broken);
        }
    }

    /** No device that fences, but a witness: it loses answers, is late, and is lost itself. */
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldKeepTheInvariantsAndHealWithAWitness(long seed) {
        var world = new World(seed, World.Chaos.SOME, ArbitrationMode.ZOOKEEPER);
        ensembleFaults(world);
        try {
            run(world);
        } catch (AssertionError | RuntimeException broken) {
            throw new AssertionError(
                    "seed " + seed + ": " + broken.getMessage() + "\n" + lastLines(world), broken);
        }
    }

    private static void ensembleFaults(World world) {
        world.at(
                world.nowNanos() + (long) (world.random.nextDouble() * 6 * World.SECOND),
                () -> {
                    if (world.nowNanos() >= FAULTS_UNTIL) {
                        world.boxes.keySet().forEach(name -> world.ensemble(name, true));
                        return;
                    }
                    var name = "dhcp" + (1 + world.random.nextInt(2));
                    var found = world.random.nextInt(3) > 0;
                    world.say(name, "!     ensemble " + (found ? "found" : "lost"));
                    world.ensemble(name, found);
                    ensembleFaults(world);
                });
    }

    private static void run(World world) {
        var boxes = List.copyOf(world.boxes.values());
        boxes.forEach(box -> world.at(0, box::powerOn));
        writes(world);
        faults(world);
        world.run(FAULTS_UNTIL);
        world.at(FAULTS_UNTIL, () -> heal(world));
        world.at(HEALED_UNTIL - 30 * World.SECOND, () -> world.chaos = World.Chaos.JITTER);
        world.run(HEALED_UNTIL);

        assertThat(boxes.stream().filter(World.Box::serves)).as("one serves").hasSize(1);
        assertThat(boxes.get(0).holdsTheSameAs(boxes.get(1))).as("equal copies").isTrue();
        assertThat(boxes)
                .as("both in sync")
                .allSatisfy(
                        box -> assertThat(box.state().standing()).isEqualTo(Standing.UP_TO_DATE))
                .allSatisfy(box -> assertThat(box.state().record().inSync()).hasSize(2));
        assertThat(world.acknowledged.size()).as("the world lives").isGreaterThan(100);
    }

    private static void writes(World world) {
        world.at(
                world.nowNanos() + 40 * World.MILLI,
                () -> {
                    world.boxes.values().forEach(World.Box::write);
                    if (world.nowNanos() < HEALED_UNTIL - 2 * World.SECOND) {
                        writes(world);
                    }
                });
    }

    private static void faults(World world) {
        var random = world.random;
        world.at(
                world.nowNanos() + (long) (random.nextDouble() * 4 * World.SECOND),
                () -> {
                    if (world.nowNanos() >= FAULTS_UNTIL) {
                        return;
                    }
                    var boxes = List.copyOf(world.boxes.values());
                    var box = boxes.get(random.nextInt(2));
                    switch (random.nextInt(14)) {
                        case 0, 1 -> {
                            world.say(box.name.value(), "!     power off");
                            box.powerOff();
                        }
                        case 2, 3, 4 -> boxes.forEach(World.Box::powerOn);
                        case 5, 6 -> {
                            world.say(box.name.value(), "!     kill -9 of the daemon");
                            box.killDaemon((long) (random.nextDouble() * 3 * World.SECOND));
                        }
                        case 7 -> {
                            world.say(box.name.value(), "!     pause of the daemon");
                            box.pause((long) (random.nextDouble() * 4 * World.SECOND));
                        }
                        case 8 -> {
                            world.say("", "!     crossover cut");
                            world.cut("crossover");
                        }
                        case 9 -> {
                            world.say("", "!     lan cut");
                            world.cut("lan");
                        }
                        case 10, 11 -> {
                            world.say("", "!     links healed");
                            world.heal("crossover");
                            world.heal("lan");
                        }
                        case 12 -> {
                            world.say(box.name.value(), "!     takeover wanted");
                            box.command(new Command.Takeover(box.name));
                        }
                        case 13 -> {
                            world.say(box.name.value(), "!     SIGTERM");
                            box.deliver(new Event.ShutdownRequested("SIGTERM"));
                        }
                        default -> throw new IllegalStateException();
                    }
                    faults(world);
                });
    }

    private static void heal(World world) {
        world.say("", "!     everything is healed");
        world.heal("crossover");
        world.heal("lan");
        for (var box : world.boxes.values()) {
            if (box.shutDown) {
                box.powerOff();
            }
        }
        world.boxes.values().forEach(World.Box::powerOn);
        repair(world);
    }

    /** What a person would do: power on what was shot, and forget failures. */
    private static void repair(World world) {
        world.at(
                world.nowNanos() + 5 * World.SECOND,
                () -> {
                    for (var box : world.boxes.values()) {
                        if (box.shutDown) {
                            box.powerOff();
                        }
                        box.powerOn();
                        box.command(new Command.Cleanup(java.util.Optional.empty()));
                    }
                    if (world.nowNanos() < HEALED_UNTIL - 20 * World.SECOND) {
                        repair(world);
                    }
                });
    }

    private static String lastLines(World world) {
        var lines = world.trace;
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 120), lines.size()));
    }
}
