package io.leasehold.heartbeat.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Stored cases: a script above the line {@code ---}, what both nodes decided below it. {@code
 * -Dscenarios.write=true} writes the decisions anew; the difference is then reviewed in git.
 *
 * <pre>
 *   arbiter operator            first, if not fencing · arbiter zookeeper
 *   0s    power-on NODE         power-off NODE · sigterm NODE · replace-disk NODE · disk-fails NODE ·
 *                               copies-differ (found on both nodes) · copies-equal
 *   1.5s  kill NODE 400ms       pause NODE 2s · interface NODE down · dhcp-dies NODE
 *   1.8s  arbiter NODE MODE     in its file, from the next start of its daemon on
 *   2s    cut LINK              heal LINK · cut LINK from NODE
 *   0s    fence-levels bmc pdu  power-on-after-fence
 *   3s    fence-device bmc dead · fence-device dead     fence-device works · fence-device slow 1s · dhcp broken · dhcp works · stop broken
 *   4s    NODE takeover dhcp2   NODE standby NODE 30s · online · maintenance on · cleanup ·
 *                               fence NODE · confirm-fenced NODE · restart RESOURCE ·
 *                               force (shows the bill) · force shown · force CODE
 *   5s    ensemble lost NODE    ensemble found NODE · ensemble saved · ensemble restored
 *   5s    expect NODE serves    expect nobody serves · expect in-sync · expect verdict NODE WORDS · expect why NODE WORDS ·
 *                               expect ready NODE · expect not-ready NODE WORDS
 *                               expect alarm NODE WORDS · expect no-alarm NODE · expect forced-marks · expect NODE still-counts NODE
 *   6s    end
 * </pre>
 */
class ScenarioTest {

    private static final Path FOLDER = Path.of("src/test/resources/scenarios");

    static Stream<String> scenarios() throws IOException {
        try (var files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void shouldDecideAsStored(String name) throws IOException {
        var file = FOLDER.resolve(name);
        var text = Files.readString(file);
        var cut = text.indexOf("---\n");
        var script = cut < 0 ? text : text.substring(0, cut);
        var world = play(name, script);
        var now =
                script
                        + "---\n"
                        + world.trace.stream()
                                .filter(line -> !line.contains("membership R37    link "))
                                .map(String::stripTrailing)
                                .reduce("", (all, line) -> all + line + "\n");
        if (Boolean.getBoolean("scenarios.write")) {
            Files.writeString(file, now);
        } else {
            assertThat(now).isEqualTo(text);
        }
    }

    private static World play(String name, String script) {
        var lines = new ArrayList<String>();
        var mode = ArbitrationMode.FENCING;
        for (var line : script.lines().toList()) {
            if (line.equals("arbiter operator")) {
                mode = ArbitrationMode.OPERATOR;
            } else if (line.equals("arbiter zookeeper")) {
                mode = ArbitrationMode.ZOOKEEPER;
            } else if (!line.isBlank() && !line.startsWith("#")) {
                lines.add(line);
            }
        }
        var world = new World(mode);
        writes(world);
        var end = 0L;
        for (var line : lines) {
            var words = List.of(line.strip().split("\\s+"));
            var at = nanos(words.get(0));
            world.at(at, () -> act(world, name + ": " + line, words.subList(1, words.size())));
            end = Math.max(end, at);
        }
        world.run(end);
        return world;
    }

    private static void writes(World world) {
        world.at(
                world.nowNanos() + 50 * World.MILLI,
                () -> {
                    world.boxes.values().forEach(World.Box::write);
                    writes(world);
                });
    }

    private static void act(World world, String where, List<String> words) {
        var what = words.get(0);
        if (world.boxes.containsKey(what)) {
            world.say(what, "> " + String.join(" ", words.subList(1, words.size())));
            var box = world.box(what);
            // The volume tells its facts every second.
            box.report();
            box.command(
                    command(
                            words.stream()
                                    .skip(1)
                                    .map(word ->
                                            word.equals("shown")
                                                    ? box.codeShown.orElseThrow()
                                                    : word)
                                    .toList()));
            return;
        }
        if (!what.equals("expect") && !what.equals("end")) {
            world.say("", "! " + String.join(" ", words));
        }
        switch (what) {
            case "power-on" -> world.box(words.get(1)).powerOn();
            case "power-off" -> world.box(words.get(1)).powerOff();
            case "sigterm" ->
                    world.box(words.get(1)).deliver(new Event.ShutdownRequested("SIGTERM"));
            case "replace-disk" -> world.box(words.get(1)).replaceDisk();
            case "disk-fails" ->
                    world.box(words.get(1)).deliver(new Event.VolumeFailed("fdatasync: EIO"));
            case "copies-differ", "copies-equal" ->
                    world.boxes
                            .values()
                            .forEach(box -> {
                                box.foundDifferent = what.equals("copies-differ");
                                box.report();
                            });
            case "kill" -> world.box(words.get(1)).killDaemon(nanos(words.get(2)));
            case "pause" -> world.box(words.get(1)).pause(nanos(words.get(2)));
            case "arbiter" ->
                    world.box(words.get(1)).arbiter =
                            ArbitrationMode.valueOf(words.get(2).toUpperCase(Locale.ROOT));
            case "interface" ->
                    world.box(words.get(1))
                            .deliver(new Event.InterfaceChanged("eth0", words.get(2).equals("up")));
            case "dhcp-dies" -> {
                var box = world.box(words.get(1));
                box.running.remove(World.DHCP);
                box.deliver(new Event.ResourceFailed(World.DHCP, "exit code 139"));
            }
            case "cut" -> {
                if (words.size() > 2) {
                    world.cut(new LinkName(words.get(1)), words.get(3));
                } else {
                    world.cut(words.get(1));
                }
            }
            case "heal" -> world.heal(words.get(1));
            case "fence-levels" -> world.fenceLevels = List.copyOf(words.subList(1, words.size()));
            case "power-on-after-fence" -> world.powerOnAfterFence = true;
            case "fence-device" -> {
                if (world.fenceLevels.contains(words.get(1))) {
                    world.deadLevels.add(words.get(1));
                    return;
                }
                world.fenceDead = words.get(1).equals("dead");
                world.fenceNanos =
                        words.get(1).equals("slow") ? nanos(words.get(2)) : 50 * World.MILLI;
            }
            case "dhcp" -> world.dhcpBrokenOn = words.get(1).equals("broken") ? words.get(2) : "";
            case "ensemble" -> {
                switch (words.get(1)) {
                    case "saved" -> world.ensemble.save();
                    case "restored" -> world.ensemble.restore();
                    default -> world.ensemble(words.get(2), words.get(1).equals("found"));
                }
            }
            case "stop" -> world.stopBroken = words.get(1).equals("broken");
            case "expect" -> expect(world, where, words.subList(1, words.size()));
            case "end" -> {}
            default -> throw new IllegalArgumentException(where);
        }
    }

    private static void expect(World world, String where, List<String> words) {
        var serving =
                world.boxes.values().stream()
                        .filter(World.Box::serves)
                        .map(box -> box.name.value())
                        .toList();
        if (words.get(0).equals("in-sync")) {
            assertThat(world.boxes.values())
                    .as(where)
                    .allSatisfy(box -> assertThat(box.state().record().inSync()).hasSize(2))
                    .allSatisfy(box ->
                            assertThat(box.state().standing()).isEqualTo(Standing.UP_TO_DATE));
        } else if (words.get(0).equals("forced-marks")) {
            assertThat(world.boxes.values())
                    .as(where)
                    .allSatisfy(box -> assertThat(box.state().forcedEpochs()).hasSize(1));
        } else if (words.get(0).equals("alarm")) {
            assertThat(world.box(words.get(1)).view().alarms())
                    .as(where)
                    .anyMatch(alarm ->
                            alarm.contains(String.join(" ", words.subList(2, words.size()))));
        } else if (words.get(0).equals("no-alarm")) {
            assertThat(world.box(words.get(1)).view().alarms()).as(where).isEmpty();
        } else if (words.get(0).equals("verdict")) {
            assertThat(world.box(words.get(1)).view().verdict())
                    .as(where)
                    .contains(String.join(" ", words.subList(2, words.size())));
        } else if (words.get(0).equals("ready")) {
            assertThat(world.box(words.get(1)).view().ready()).as(where).allMatch(View.Check::ok);
        } else if (words.get(0).equals("not-ready")) {
            assertThat(world.box(words.get(1)).view().ready())
                    .as(where)
                    .anyMatch(check ->
                            !check.ok()
                                    && check.sentence()
                                            .contains(
                                                    String.join(
                                                            " ", words.subList(2, words.size()))));
        } else if (words.get(0).equals("why")) {
            assertThat(world.box(words.get(1)).view().why())
                    .as(where)
                    .anyMatch(fact ->
                            fact.sentence()
                                    .contains(String.join(" ", words.subList(2, words.size()))));
        } else if (words.size() == 3 && words.get(1).equals("still-counts")) {
            assertThat(world.box(words.get(0)).state().record().inSync())
                    .as(where)
                    .contains(new NodeName(words.get(2)));
        } else if (words.get(0).equals("nobody")) {
            assertThat(serving).as(where).isEmpty();
        } else {
            assertThat(serving).as(where).containsExactly(words.get(0));
        }
    }

    private static Command command(List<String> words) {
        return switch (words.get(0)) {
            case "takeover" -> new Command.Takeover(new NodeName(words.get(1)));
            case "standby" ->
                    new Command.EnterStandby(
                            new NodeName(words.get(1)),
                            words.size() > 2
                                    ? OptionalLong.of(nanos(words.get(2)))
                                    : OptionalLong.empty(),
                            "new memory");
            case "online" -> new Command.GoOnline(new NodeName(words.get(1)));
            case "maintenance" -> new Command.SetMaintenance(words.get(1).equals("on"));
            case "cleanup" -> new Command.Cleanup(Optional.empty());
            case "fence" -> new Command.Fence(new NodeName(words.get(1)));
            case "confirm-fenced" -> new Command.ConfirmFenced(new NodeName(words.get(1)));
            case "force" -> new Command.ForcePromotion(words.stream().skip(1).findFirst());
            case "restart" ->
                    new Command.Restart(new ResourceName(words.get(1)), "dhcpd.conf changed");
            default -> throw new IllegalArgumentException("no command " + words);
        };
    }

    private static long nanos(String text) {
        return text.endsWith("ms")
                ? Math.round(Double.parseDouble(text.substring(0, text.length() - 2)) * 1e6)
                : Math.round(Double.parseDouble(text.substring(0, text.length() - 1)) * 1e9);
    }
}
