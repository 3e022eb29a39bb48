package io.leasehold.itests.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A stored history: what is done to both boxes and when, and what must be so then. Nothing in it is
 * by chance; clients ask every 50 ms.
 *
 * <pre>
 *   arbiter zookeeper              first, if not fencing · arbiter operator
 *   fence-device                   beside a witness, too
 *   power-on-after-fence           whoever fenced switches on again
 *   breaks RULE|RULE without MUTANT [MUTANT]...
 *                                  with all those switched off, one of those is violated; none is
 *                                  while one of the mutants holds
 *   breaks 12s without MUTANT...   what is expected at that moment is not so
 *
 *   0s    power-on NODE · power-off NODE · sigterm NODE · start NODE · replace-disk NODE
 *   1s    kill NODE 400ms · kill-keeper NODE · pause NODE 2s · freeze NODE 2s
 *         disk NODE fails|full|slow|works · disk NODE garbled (off: its last operation is another one)
 *         clients silent|ask
 *         arbiter NODE fencing|operator   in its file, and its daemon is restarted
 *   2s    cut LINK · cut LINK from NODE · heal LINK · client-link NODE down|up
 *   3s    fence NODE fails|late|lies|works · dhcp NODE dies|broken|works · stop NODE broken|works
 *   4s    ensemble NODE lost|found · witness lost|found
 *         late NODE 2s|never         its next write to the ensemble is executed so much later, or never;
 *                                    as soon as it is sent, NODE has lost the ensemble
 *         expire NODE                its session expires
 *         tainted WORDS              no protocol survives what happened: Aftermath judges from here
 *   5s    NODE takeover NODE · standby NODE · online NODE · maintenance on|off · cleanup · fence NODE ·
 *         confirm-fenced NODE · force (asks for the bill and pays it)
 *   6s    when NODE EFFECT: ACTION     before the node next performs that effect
 *   7s    expect NODE serves · nobody serves · in-sync · alone NODE · off NODE · alarm NODE WORDS ·
 *         verdict NODE WORDS · standing NODE STANDING · record NODE WORDS
 *   8s    end
 * </pre>
 */
final class Script implements Sabotage {
    private static final long SLOW_NANOS = 500 * World.MILLI;

    private record Line(long atNanos, String text, List<String> words) {}

    /**
     * How it goes wrong.
     *
     * @param what the rules of which one is violated, or one moment whose expectation fails
     * @param mutants the least that must be switched off for it
     */
    record Break(List<String> what, List<String> mutants) {
        boolean isExpectation() {
            return what.getFirst().endsWith("s");
        }
    }

    /** An action that waits for an effect. */
    private record Trigger(String node, String effect, List<String> action) {}

    private final String name;
    private final ArbitrationMode mode;
    private final boolean fenceDevice;
    private final boolean powerOnAfterFence;
    private final Optional<Break> broken;
    private final List<Line> lines;

    private Sabotage rules = Sabotage.NONE;
    private Optional<World> playing = Optional.empty();
    private final List<Trigger> triggers = new ArrayList<>();

    private Script(
            String name,
            ArbitrationMode mode,
            boolean fenceDevice,
            boolean powerOnAfterFence,
            Optional<Break> broken,
            List<Line> lines) {
        this.name = name;
        this.mode = mode;
        this.fenceDevice = fenceDevice;
        this.powerOnAfterFence = powerOnAfterFence;
        this.broken = broken;
        this.lines = lines;
    }

    static Script parse(String name, String text) {
        var mode = ArbitrationMode.FENCING;
        var fenceDevice = false;
        var powerOnAfterFence = false;
        Optional<Break> broken = Optional.empty();
        var lines = new ArrayList<Line>();
        for (var line : text.lines().toList()) {
            var words = List.of(line.strip().split("\\s+"));
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            switch (words.getFirst()) {
                case "arbiter" ->
                        mode =
                                ArbitrationMode.valueOf(
                                        words.get(1).toUpperCase(java.util.Locale.ROOT));
                case "fence-device" -> fenceDevice = true;
                case "power-on-after-fence" -> powerOnAfterFence = true;
                case "breaks" ->
                        broken =
                                Optional.of(
                                        new Break(
                                                List.of(words.get(1).split("\\|")),
                                                words.subList(3, words.size())));
                default ->
                        lines.add(
                                new Line(
                                        nanos(words.getFirst()),
                                        name + ": " + line,
                                        words.subList(1, words.size())));
            }
        }
        return new Script(
                name,
                mode,
                fenceDevice || mode == ArbitrationMode.FENCING,
                powerOnAfterFence,
                broken,
                List.copyOf(lines));
    }

    /** Empty: this only passes. */
    Optional<Break> broken() {
        return broken;
    }

    /** Plays it with every rule on; throws what was violated, or expected in vain. */
    void play() {
        play(Sabotage.NONE, true);
    }

    /**
     * @param expecting whether what the script expects is asserted, and that all it plans happens
     */
    void play(Sabotage sabotage, boolean expecting) {
        rules = sabotage;
        triggers.clear();
        var world =
                new World(
                        Chance.none(),
                        Setup.plain(mode, fenceDevice, powerOnAfterFence),
                        true,
                        this);
        playing = Optional.of(world);
        long end = 0;
        world.ensemble().ifPresent(ensemble -> ensemble.start(Ensemble.WITNESS));
        for (var line : lines) {
            end = Math.max(end, line.atNanos());
            world.agenda()
                    .at(
                            line.atNanos(),
                            () -> {
                                if (expecting || !line.words().getFirst().equals("expect")) {
                                    act(line.text(), line.words());
                                }
                            });
        }
        while (world.step(end)) {
            // until then
        }
        if (expecting) {
            // Or the history is another one than it says, and passes for another reason.
            assertThat(triggers).as(name + ": effects that were never performed").isEmpty();
            assertThat(world.ensemble().filter(Ensemble::awaitsAWriteToDelay))
                    .as(name + ": a write to the ensemble that was never sent")
                    .isEmpty();
        }
    }

    private World world() {
        return playing.orElseThrow();
    }

    @Override
    public String toString() {
        return name;
    }

    private Machine box(String node) {
        return world().machines().stream()
                .filter(box -> box.name().value().equals(node))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + ": no node " + node));
    }

    private static int link(String link) {
        return switch (link) {
            case "crossover" -> 0;
            case "lan" -> 1;
            default -> throw new IllegalArgumentException("no link " + link);
        };
    }

    private void act(String where, List<String> words) {
        var what = words.getFirst();
        if (what.equals("dhcp1") || what.equals("dhcp2")) {
            command(box(what), words.subList(1, words.size()));
            return;
        }
        if (!what.equals("expect") && !what.equals("end")) {
            world().trace().say("", () -> "! " + String.join(" ", words));
        }
        switch (what) {
            case "power-on" -> box(words.get(1)).powerOn();
            case "power-off" -> box(words.get(1)).powerOff();
            case "sigterm" -> box(words.get(1)).sigterm();
            case "start" -> box(words.get(1)).startKeeper();
            case "replace-disk" -> {
                box(words.get(1)).replaceDisk(false);
                world().invariants().diskReplaced(box(words.get(1)));
            }
            case "kill" -> box(words.get(1)).killDaemon(nanos(words.get(2)));
            case "kill-keeper" -> box(words.get(1)).killKeeper(false);
            case "pause" -> box(words.get(1)).pauseDaemon(nanos(words.get(2)));
            case "freeze" -> box(words.get(1)).freeze(nanos(words.get(2)));
            case "disk" -> disk(where, box(words.get(1)), words.get(2));
            case "clients" -> world().clientsAsk(words.get(1).equals("ask"));
            case "arbiter" ->
                    box(words.get(1))
                            .changeArbiter(
                                    ArbitrationMode.valueOf(
                                            words.get(2).toUpperCase(java.util.Locale.ROOT)));
            case "cut" -> {
                if (words.size() > 2) {
                    world().network().cut(link(words.get(1)), box(words.get(3)).index());
                } else {
                    world().network().cut(link(words.get(1)), words.get(1).equals("crossover"));
                }
            }
            case "heal" -> world().network().heal(link(words.get(1)));
            case "client-link" -> box(words.get(1)).clientLink(words.get(2).equals("up"));
            case "fence" ->
                    box(words.get(1))
                            .fenceDevice()
                            .fault(
                                    switch (words.get(2)) {
                                        case "fails" -> FenceDevice.Fault.FAILS;
                                        case "late" -> FenceDevice.Fault.LATE;
                                        case "lies" -> FenceDevice.Fault.LIES;
                                        case "works" -> FenceDevice.Fault.NONE;
                                        default -> throw new IllegalArgumentException(where);
                                    });
            case "dhcp" -> {
                if (words.get(2).equals("dies")) {
                    box(words.get(1)).dhcpDies();
                } else {
                    box(words.get(1)).dhcpBroken(words.get(2).equals("broken"));
                }
            }
            case "stop" -> box(words.get(1)).stopBroken(words.get(2).equals("broken"));
            case "ensemble" ->
                    world().ensemble()
                            .orElseThrow()
                            .isolate(box(words.get(1)).index(), words.get(2).equals("lost"));
            case "witness" -> {
                if (words.get(1).equals("lost")) {
                    world().ensemble().orElseThrow().stop(Ensemble.WITNESS, false);
                } else {
                    world().ensemble().orElseThrow().start(Ensemble.WITNESS);
                }
            }
            case "expire" ->
                    world().ensemble().orElseThrow().expireSession(box(words.get(1)).index());
            case "tainted" ->
                    world().invariants()
                            .aftermath()
                            .begin(String.join(" ", words.subList(1, words.size())));
            case "late" ->
                    world().ensemble()
                            .orElseThrow()
                            .delayNextWrite(
                                    box(words.get(1)).index(),
                                    words.get(2).equals("never")
                                            ? Long.MAX_VALUE
                                            : nanos(words.get(2)));
            case "when" ->
                    triggers.add(
                            new Trigger(
                                    words.get(1),
                                    words.get(2).replace(":", ""),
                                    words.subList(3, words.size())));
            case "expect" -> expect(where, words.subList(1, words.size()));
            case "end" -> {}
            default -> throw new IllegalArgumentException(where);
        }
    }

    private static void disk(String where, Machine box, String state) {
        var disk = box.disk();
        switch (state) {
            case "fails" -> disk.fault(ModelDisk.Fault.FAILS);
            case "full" -> disk.fault(ModelDisk.Fault.FULL);
            case "works" -> {
                disk.fault(ModelDisk.Fault.NONE);
                disk.latency(World.DISK_LATENCY_NANOS);
            }
            case "slow" -> disk.latency(SLOW_NANOS);
            case "garbled" -> box.garbleDisk();
            default -> throw new IllegalArgumentException(where);
        }
    }

    private static void command(Machine box, List<String> words) {
        switch (words.getFirst()) {
            case "takeover" -> box.command(new Command.Takeover(new NodeName(words.get(1))));
            case "standby" ->
                    box.command(
                            new Command.EnterStandby(
                                    new NodeName(words.get(1)),
                                    words.size() > 2
                                            ? OptionalLong.of(nanos(words.get(2)))
                                            : OptionalLong.empty(),
                                    "new memory"));
            case "online" -> box.command(new Command.GoOnline(new NodeName(words.get(1))));
            case "maintenance" ->
                    box.command(new Command.SetMaintenance(words.get(1).equals("on")));
            case "cleanup" -> box.command(new Command.Cleanup(Optional.empty()));
            case "fence" -> box.command(new Command.Fence(new NodeName(words.get(1))));
            case "confirm-fenced" ->
                    box.command(new Command.ConfirmFenced(new NodeName(words.get(1))));
            case "restart" ->
                    box.command(
                            new Command.Restart(
                                    new ResourceName(words.get(1)), "dhcpd.conf changed"));
            case "force" -> box.force();
            default -> throw new IllegalArgumentException("no command " + words);
        }
    }

    private void expect(String where, List<String> words) {
        var serving =
                world().machines().stream()
                        .filter(Machine::serves)
                        .map(box -> box.name().value())
                        .toList();
        switch (words.getFirst()) {
            case "nobody" -> assertThat(serving).as(where).isEmpty();
            case "in-sync" ->
                    assertThat(world().machines())
                            .as(where)
                            .allSatisfy(box -> {
                                var state = world().invariants().written(box).orElseThrow();
                                assertThat(state.record().inSync()).hasSize(2);
                                assertThat(state.standing()).isEqualTo(Standing.UP_TO_DATE);
                            });
            case "alone" -> {
                var box = box(words.get(1));
                assertThat(
                                world().invariants()
                                        .written(box)
                                        .orElseThrow()
                                        .record()
                                        .isSole(box.name()))
                        .as(where)
                        .isTrue();
            }
            case "off" -> assertThat(box(words.get(1)).isPowered()).as(where).isFalse();
            case "standing" ->
                    assertThat(
                                    world().invariants()
                                            .written(box(words.get(1)))
                                            .orElseThrow()
                                            .standing())
                            .as(where)
                            .isEqualTo(Standing.valueOf(words.get(2)));
            case "record" ->
                    assertThat(
                                    world().invariants()
                                            .written(box(words.get(1)))
                                            .orElseThrow()
                                            .record()
                                            .describe())
                            .as(where)
                            .contains(rest(words));
            case "alarm" ->
                    assertThat(view(words.get(1)).alarms())
                            .as(where)
                            .anyMatch(alarm -> alarm.contains(rest(words)));
            case "verdict" ->
                    assertThat(view(words.get(1)).verdict()).as(where).contains(rest(words));
            default -> assertThat(serving).as(where).containsExactly(words.getFirst());
        }
    }

    private io.leasehold.heartbeat.controller.View view(String node) {
        var box = box(node);
        return box.daemon().orElseThrow().controller().view(box.clock().nowNanos());
    }

    private static String rest(List<String> words) {
        return String.join(" ", words.subList(2, words.size()));
    }

    private static long nanos(String text) {
        return text.endsWith("ms")
                ? Math.round(Double.parseDouble(text.substring(0, text.length() - 2)) * 1e6)
                : Math.round(Double.parseDouble(text.substring(0, text.length() - 1)) * 1e9);
    }

    // ---- the rules, and what waits for an effect ----

    @Override
    public void before(Daemon daemon, Effect effect) {
        var kind =
                switch (effect) {
                    case Effect.SendToPeer(_, var message) -> message.getClass().getSimpleName();
                    case Effect.AskEnsemble(EnsembleRequest.Write _) -> "Write";
                    case Effect.AskEnsemble(EnsembleRequest.Look _) -> "Look";
                    default -> effect.getClass().getSimpleName();
                };
        triggers.stream()
                .filter(trigger ->
                        trigger.effect().equals(kind)
                                && trigger.node().equals(daemon.box().name().value()))
                .findFirst()
                .ifPresent(trigger -> {
                    triggers.remove(trigger);
                    act(name + ": when " + trigger, trigger.action());
                });
        rules.before(daemon, effect);
    }

    @Override
    public List<Effect> effects(Daemon daemon, Effect ordered) {
        return rules.effects(daemon, ordered);
    }

    @Override
    public List<Event> told(Daemon daemon, Event happened) {
        return rules.told(daemon, happened);
    }

    @Override
    public Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
        return rules.asked(daemon, request);
    }

    @Override
    public List<io.leasehold.blockrep.replication.Event> volumeEvents(
            Replica replica, io.leasehold.blockrep.replication.Event happened) {
        return rules.volumeEvents(replica, happened);
    }

    @Override
    public io.leasehold.heartbeat.record.Arbiter arbiter(
            io.leasehold.heartbeat.record.Arbiter honest) {
        return rules.arbiter(honest);
    }

    @Override
    public io.leasehold.heartbeat.record.BootId bootId(
            io.leasehold.heartbeat.record.BootId honest) {
        return rules.bootId(honest);
    }

    @Override
    public Optional<io.leasehold.heartbeat.record.DurableState> rights(
            Optional<io.leasehold.heartbeat.record.DurableState> honest) {
        return rules.rights(honest);
    }

    @Override
    public io.leasehold.heartbeat.controller.ClusterConfiguration configuration(
            io.leasehold.heartbeat.controller.ClusterConfiguration honest) {
        return rules.configuration(honest);
    }

    @Override
    public boolean diskSyncs() {
        return rules.diskSyncs();
    }

    @Override
    public boolean diskSaysThatItFails() {
        return rules.diskSaysThatItFails();
    }

    @Override
    public boolean applies(Replica replica) {
        return rules.applies(replica);
    }

    @Override
    public boolean killKeepsWhatWasWritten() {
        return rules.killKeepsWhatWasWritten();
    }

    @Override
    public boolean kernelShutsTheGate() {
        return rules.kernelShutsTheGate();
    }

    @Override
    public boolean keeperWatches() {
        return rules.keeperWatches();
    }

    @Override
    public boolean writesAnEpochOnce() {
        return rules.writesAnEpochOnce();
    }

    @Override
    public boolean resyncsIntoAShadow() {
        return rules.resyncsIntoAShadow();
    }

    @Override
    public io.leasehold.blockrep.volume.Changes touchedBySource(
            io.leasehold.blockrep.volume.Changes honest) {
        return rules.touchedBySource(honest);
    }

    @Override
    public io.leasehold.blockrep.volume.Changes touchedByTarget(
            io.leasehold.blockrep.volume.Changes honest) {
        return rules.touchedByTarget(honest);
    }

    @Override
    public io.leasehold.heartbeat.fencing.FenceOutcome fenced(
            io.leasehold.heartbeat.fencing.FenceOutcome honest) {
        return rules.fenced(honest);
    }
}
