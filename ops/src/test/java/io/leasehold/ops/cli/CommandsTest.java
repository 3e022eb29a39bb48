package io.leasehold.ops.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.ops.control.CheckView;
import io.leasehold.ops.control.ControlServer;
import io.leasehold.ops.control.Reply;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.SampleViews;
import io.leasehold.ops.control.VerifyView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command, over a real socket, against a daemon that answers as it is told. */
class CommandsTest {
    private static final NodeName DHCP_2 = new NodeName("dhcp2");

    @TempDir private Path directory;

    private final FakeDaemon daemon = new FakeDaemon();
    private ControlServer server;
    private Terminal terminal;

    @BeforeEach
    void start() throws IOException {
        server = ControlServer.start(socket(), Set.of(), daemon);
        terminal = Terminal.script(socket());
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private Path socket() {
        return directory.resolve("control.sock");
    }

    private Terminal.Result run(String line) {
        return terminal.run(line.split(" "));
    }

    /** A line as typed, and what the daemon is asked for it. */
    record Typed(String line, Request request) {
        @Override
        public String toString() {
            return line;
        }
    }

    static List<Typed> lines() {
        return List.of(
                new Typed("status", new Request.Status()),
                new Typed("ready", new Request.Ready()),
                new Typed("why", new Request.Why()),
                new Typed("explain", new Request.Explain()),
                new Typed("events", new Request.Events(20, false)),
                new Typed("events -n 3 --follow", new Request.Events(3, true)),
                new Typed("takeover", new Request.Takeover(Optional.empty())),
                new Typed("takeover dhcp2", new Request.Takeover(Optional.of(DHCP_2))),
                new Typed("standby", new Request.Standby(Optional.empty(), Optional.empty(), "")),
                new Typed(
                        "standby dhcp2 --for 90min --reason fans",
                        new Request.Standby(
                                Optional.of(DHCP_2), Optional.of(Duration.ofMinutes(90)), "fans")),
                new Typed("online dhcp2", new Request.Online(Optional.of(DHCP_2))),
                new Typed("online", new Request.Online(Optional.empty())),
                new Typed("cleanup", new Request.Cleanup(Optional.empty())),
                new Typed("cleanup dhcp", new Request.Cleanup(Optional.of("dhcp"))),
                new Typed("maintenance on", new Request.Maintenance(true)),
                new Typed("maintenance off", new Request.Maintenance(false)),
                new Typed("fence dhcp2", new Request.Fence(DHCP_2)),
                new Typed("confirm-fenced dhcp2", new Request.ConfirmFenced(DHCP_2)),
                new Typed(
                        "promote --force --code K7MWQ2",
                        new Request.ForcePromotion(Optional.of("K7MWQ2"))),
                new Typed("fleet", new Request.Fleet()),
                new Typed("links", new Request.Links()),
                new Typed("volume status", new Request.VolumeStatus()),
                new Typed("volume verify", new Request.VolumeVerify(OptionalLong.empty())),
                new Typed(
                        "volume verify --rate 10",
                        new Request.VolumeVerify(OptionalLong.of(10L << 20))),
                new Typed("volume resync", new Request.VolumeResync()),
                new Typed("branches list", new Request.Branches()),
                new Typed(
                        "branches show " + SampleViews.BRANCH,
                        new Request.Branch(SampleViews.BRANCH)),
                new Typed("dhcp reload", new Request.DhcpReload()),
                new Typed("config show", new Request.ConfigShow()),
                new Typed("restart", new Request.Restart()),
                new Typed("version", new Request.Version()));
    }

    @Test
    void shouldTypeEveryRequestInThisTest() {
        assertThat(
                        Stream.concat(
                                        lines().stream().map(typed -> typed.request().getClass()),
                                        // Together with another one, by an export.
                                        Stream.of(Request.BranchLeases.class))
                                .<Object>map(type -> type)
                                .distinct())
                .containsExactlyInAnyOrder((Object[]) Request.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("lines")
    void shouldAskWhatWasTyped(Typed typed) {
        var result = run(typed.line());

        assertThat(daemon.asked).containsExactly(typed.request());
        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).isNotBlank();
    }

    @ParameterizedTest
    @MethodSource("lines")
    void shouldPrintOneJsonObjectPerLine(Typed typed) throws IOException {
        var result = run(typed.line() + " --json");

        assertThat(result.code()).isZero();
        assertThat(result.err()).isEmpty();
        var lines = result.out().lines().toList();
        assertThat(lines).hasSizeGreaterThanOrEqualTo(1);
        for (var line : lines) {
            assertThat(new ObjectMapper().readTree(line).isObject()).isTrue();
        }
        if (!(typed.request() instanceof Request.Events)) {
            assertThat(lines).hasSize(1);
        }
    }

    @ParameterizedTest
    @MethodSource("lines")
    void shouldNotBeWiderThanATerminal(Typed typed) {
        daemon.answers(new Reply.Done(""));
        if (typed.request() instanceof Request.Status) {
            daemon.reports(SampleViews.resyncing());
        }
        var result = run(typed.line());

        assertThat(result.out().lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Nested
    class Status {
        @Test
        void shouldBeginWithTheVerdict() {
            assertThat(run("status").out())
                    .startsWith("dhcp1 serves, and dhcp2 could take over at any moment.\n");
        }

        @Test
        void shouldBeReadableInOneScreen() throws IOException {
            var page = run("status").out();
            var file = Path.of("src/test/resources/io/leasehold/ops/cli/status.txt");
            if (Boolean.getBoolean("leasehold.freeze")) {
                Files.writeString(file, page);
            }

            assertThat(page).isEqualTo(Files.readString(file));
            assertThat(page.lines().count()).isLessThan(24);
        }

        @Test
        void shouldHaveTheMembersThatArePromised() throws IOException {
            var status = new ObjectMapper().readTree(run("status --json").out());

            assertThat(status.properties())
                    .extracting(Map.Entry::getKey)
                    .contains(
                            "cluster",
                            "verdict",
                            "epoch",
                            "primary",
                            "inSync",
                            "nodes",
                            "resources",
                            "links",
                            "volume");
        }

        @Test
        void shouldCountOnASecondaryWhatItsOwnDiskHas() {
            assertThat(StatusPage.volume(SampleViews.secondaryVolume()))
                    .contains("operations  4711 written, 4710 on the disk here");
        }

        @Test
        void shouldSayInItsExitCodeThatACrashWouldStopDhcp() {
            daemon.reports(SampleViews.resyncing());

            assertThat(run("status").code()).isEqualTo(4);
        }

        @Test
        void shouldShowProgressRateAndTimeLeftOfAResync() {
            daemon.reports(SampleViews.resyncing());

            assertThat(run("status").out())
                    .contains("! link lan is silent")
                    .containsPattern(
                            "compare \\[#{5}-{9}\\] 37% of 100\\.0 MiB, 12\\.0 MiB/s, 5\\.3 s left");
        }

        @Test
        void shouldRedrawUntilInterrupted() {
            var result =
                    Terminal.person(socket(), "").interruptingAfter(2).run("status", "--watch");

            assertThat(daemon.asked).hasSize(3);
            assertThat(result.out().split("\u001b\\[H\u001b\\[2J", -1)).hasSize(4);
            assertThat(result.code()).isZero();
        }

        @Test
        void shouldGoOnWatchingADaemonThatIsRestarted() throws IOException {
            server.close();

            var result = Terminal.script(socket()).interruptingAfter(1).run("status", "--watch");

            assertThat(result.err().lines().filter(line -> line.contains("not reachable")))
                    .hasSize(2);
            assertThat(result.code()).isEqualTo(5);
        }

        @Test
        void shouldColourForATerminalOnly() {
            assertThat(Terminal.person(socket(), "").run("status").out())
                    .startsWith("\u001b[32mdhcp1 serves");
            assertThat(run("status").out()).doesNotContain("\u001b");
        }
    }

    @Nested
    class ExitCodes {
        @Test
        void shouldBeOneWhenItWasTriedAndFailed() {
            daemon.answers(new Reply.Failed("dhcp2 could not start dhcpd; dhcp1 serves again"));

            var result = run("takeover");

            assertThat(result.code()).isEqualTo(1);
            assertThat(result.err())
                    .isEqualTo("failed: dhcp2 could not start dhcpd; dhcp1 serves again\n");
            assertThat(result.out()).isEmpty();
        }

        @Test
        void shouldBeOneWhenBothCopiesDiffer() {
            daemon.reports(
                    new VerifyView(
                            false, "The copies differ.", 9, 3, 300, List.of("dhcpd.leases: size")));

            var result = run("volume verify");

            assertThat(result.code()).isEqualTo(1);
            assertThat(result.out()).contains("dhcpd.leases: size");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "no-such-command",
                    "status --no-such-option",
                    "status dhcp1",
                    "takeover dhcp_1",
                    "takeover dhcp1 dhcp2",
                    "standby --for 90",
                    "standby --for soon",
                    "maintenance",
                    "maintenance perhaps",
                    "fence",
                    "confirm-fenced",
                    "events --last -1",
                    "events --last many",
                    "volume",
                    "volume resize",
                    "branches",
                    "branches show",
                    "branches export 2026-11-23T035538Z-dhcp1-epoch7-seq4711",
                    "dhcp",
                    "config"
                })
        void shouldBeTwoWhenTheLineIsWrong(String line) {
            var result = line.isEmpty() ? terminal.run() : run(line);

            assertThat(result.code()).isEqualTo(2);
            assertThat(result.err()).isNotBlank();
            assertThat(result.out()).isEmpty();
            assertThat(daemon.asked).isEmpty();
        }

        @Test
        void shouldBeThreeWithTheReasonAloneWhenADaemonOfTheBuildBeforeRefuses() {
            daemon.answers(new Reply.Refused("this node serves", "", List.of()));

            assertThat(run("restart").code()).isEqualTo(3);
            assertThat(run("restart").err()).isEqualTo("refused: this node serves\n");
        }

        @Test
        void shouldBeThreeWithReasonAndRuleWhenRefused() throws IOException {
            daemon.answers(
                    new Reply.Refused(
                            "dhcp2 lacks 41 operations",
                            "R6",
                            List.of(
                                    new CheckView("peer heard", true, "21 ms ago", "R37"),
                                    new CheckView(
                                            "in sync", false, "41 operations behind", "R6"))));

            var result = run("takeover dhcp2");
            var json = run("takeover dhcp2 --json");

            assertThat(result.code()).isEqualTo(3);
            assertThat(result.err())
                    .isEqualTo(
                            """
                            refused (R6): dhcp2 lacks 41 operations
                              in sync: 41 operations behind (R6)
                            """);
            assertThat(json.code()).isEqualTo(3);
            assertThat(new ObjectMapper().readTree(json.out()).get("rule").asText())
                    .isEqualTo("R6");
        }

        @Test
        void shouldBeFourWhenNotReady() {
            daemon.reports(SampleViews.notReady());

            var result = run("ready");

            assertThat(result.code()).isEqualTo(4);
            assertThat(result.out()).containsPattern("NO +in sync +R6 +dhcp2 lacks 41 operations");
        }

        @Test
        void shouldBeFiveWhenNoDaemonAnswers() throws IOException {
            server.close();

            var result = run("status");
            var json = run("status --json");

            assertThat(result.code()).isEqualTo(5);
            assertThat(result.err())
                    .isEqualTo(
                            "clusterd is not reachable: no daemon runs here: there is no "
                                    + socket()
                                    + "\n");
            assertThat(json.code()).isEqualTo(5);
            assertThat(new ObjectMapper().readTree(json.out()).get("kind").asText())
                    .isEqualTo("unreachable");
        }

        @Test
        void shouldTellItsOwnVersionWithoutADaemon() throws IOException {
            server.close();

            var result = run("version");

            assertThat(result.code()).isEqualTo(5);
            assertThat(result.out()).startsWith("clusterctl ");
        }
    }

    @Nested
    class WhenAPersonIsAsked {
        @Test
        void shouldFenceAfterTheWordsWereTyped() {
            var result = Terminal.person(socket(), "fence dhcp2\n").run("fence", "dhcp2");

            assertThat(result.code()).isZero();
            assertThat(daemon.asked).containsExactly(new Request.Fence(DHCP_2));
        }

        @Test
        void shouldNotConfirmAfterOtherWords() {
            var result = Terminal.person(socket(), "yes\n").run("confirm-fenced", "dhcp2");

            assertThat(result.code()).isEqualTo(2);
            assertThat(result.err()).contains("dhcp2 is off").endsWith("Nothing was done.\n");
            assertThat(daemon.asked).isEmpty();
        }

        @Test
        void shouldNotAskWithYes() {
            var result = Terminal.person(socket(), "").run("confirm-fenced", "dhcp2", "--yes");

            assertThat(result.code()).isZero();
            assertThat(daemon.asked).containsExactly(new Request.ConfirmFenced(DHCP_2));
        }
    }

    @Nested
    class WhenAPromotionIsForced {
        @Test
        void shouldShowAScriptTheBillAndDoNothing() {
            daemon.reports(SampleViews.bill());

            var result = run("promote --force");

            assertThat(result.code()).isEqualTo(3);
            assertThat(result.out())
                    .contains("dhcp2 is outdated")
                    .endsWith(
                            "Nothing was done. To take it: clusterctl promote --force --code"
                                    + " K7MWQ2\n");
            assertThat(daemon.asked).containsExactly(new Request.ForcePromotion(Optional.empty()));
        }

        @Test
        void shouldGiveTheTypedCodeBack() {
            daemon.reports(SampleViews.bill());

            Terminal.person(socket(), "K7MWQ2\n").run("promote", "--force");

            assertThat(daemon.asked)
                    .containsExactly(
                            new Request.ForcePromotion(Optional.empty()),
                            new Request.ForcePromotion(Optional.of("K7MWQ2")));
        }

        @Test
        void shouldDoNothingWithoutACode() {
            daemon.reports(SampleViews.bill());

            var result = Terminal.person(socket(), "\n").run("promote", "--force");

            assertThat(result.code()).isEqualTo(3);
            assertThat(result.err()).endsWith("Nothing was done.\n");
            assertThat(daemon.asked).containsExactly(new Request.ForcePromotion(Optional.empty()));
        }

        @Test
        void shouldNotPromoteWithoutForce() {
            assertThat(run("promote").code()).isEqualTo(2);
            assertThat(daemon.asked).isEmpty();
        }
    }

    @Nested
    class WhenABranchIsExported {
        private Path out;
        private Path tree;

        @BeforeEach
        void haveABranch() throws IOException {
            out = directory.resolve("out");
            tree = Files.createDirectories(directory.resolve("branch/tree"));
            Files.writeString(tree.resolve("dhcpd.leases"), "lease 192.0.2.7 {}\n");
            Files.createLink(tree.resolve("dhcpd.leases~"), tree.resolve("dhcpd.leases"));
            Files.createSymbolicLink(tree.resolve("link"), Path.of("nowhere"));
        }

        private Terminal.Result export(String... more) {
            daemon.reportsFirst(SampleViews.branch(tree.toString()));
            return run(
                    String.join(" ", "branches export", SampleViews.BRANCH, out.toString())
                            + (more.length == 0 ? "" : " " + String.join(" ", more)));
        }

        @Test
        void shouldCopyItsFilesAndWriteEveryLeaseThatDiffers() throws IOException {
            var result = export();

            assertThat(result.code()).as(result.err()).isZero();
            assertThat(out.resolve("files/dhcpd.leases")).hasContent("lease 192.0.2.7 {}\n");
            assertThat(Files.getAttribute(out.resolve("files/dhcpd.leases~"), "unix:nlink"))
                    .isEqualTo(2);
            assertThat(Files.readSymbolicLink(out.resolve("files/link")))
                    .isEqualTo(Path.of("nowhere"));
            assertThat(Files.readAllLines(out.resolve("leases.tsv")))
                    .hasSize(2)
                    .last()
                    .isEqualTo(
                            "192.0.2.7\tonly-in-branch\tyes\tactive\t2026-11-24T03:00:00Z"
                                    + "\tethernet 02:00:5e:00:53:07\tprinter\t\t\t\t");
            assertThat(
                            new ObjectMapper()
                                    .readTree(out.resolve("branch.json").toFile())
                                    .get("name")
                                    .asText())
                    .isEqualTo(SampleViews.BRANCH);
        }

        @Test
        void shouldPrintOneObjectWithJson() throws IOException {
            var result = export("--json");

            assertThat(result.out().lines()).hasSize(1);
            assertThat(new ObjectMapper().readTree(result.out()).get("kind").asText())
                    .isEqualTo("done");
        }

        @Test
        void shouldNotWriteOverAnything() throws IOException {
            Files.createDirectories(out);
            Files.writeString(out.resolve("mine"), "mine");

            var result = export();

            assertThat(result.code()).isEqualTo(1);
            assertThat(result.err()).contains("is not empty");
            assertThat(out).isDirectoryNotContaining(path -> !path.endsWith("mine"));
        }

        @Test
        void shouldSayThatADirectoryIsWanted() throws IOException {
            Files.writeString(out, "mine");

            assertThat(export().err()).contains(out + " is no directory; nothing was written");
            assertThat(out).hasContent("mine");
        }

        /** As where the caller may not write. */
        @Test
        void shouldSayWhatIsInTheWayAndNotOnlyWhere() throws IOException {
            Files.writeString(directory.resolve("file"), "");
            out = directory.resolve("file/out");

            var result = export();

            assertThat(result.code()).isEqualTo(1);
            assertThat(result.err()).containsPattern("Exception|Not a directory");
        }

        @Test
        void shouldSayWhatWentWrong() {
            tree = directory.resolve("gone");

            var result = export();

            assertThat(result.code()).isEqualTo(1);
            assertThat(result.err()).contains("gone");
        }

        @Test
        void shouldSayWhichNodeToAsk() {
            daemon.answers(new Reply.Refused("it is on the disk of dhcp2", Rule.INPUT));

            var result = run("branches export " + SampleViews.BRANCH + " " + out);

            assertThat(result.code()).isEqualTo(3);
            assertThat(result.err()).contains("dhcp2");
            assertThat(out).doesNotExist();
        }
    }

    @Test
    void shouldShowProgressBesideTheResult() {
        var result = run("takeover");

        assertThat(result.err()).isEqualTo("  dhcp1 drains the volume\n");
        assertThat(result.out()).isEqualTo("dhcp2 serves since 180 ms.\n");
    }

    @Test
    void shouldTellTheTimelineWithRulesCausesAndDurations() {
        assertThat(run("explain").out())
                .startsWith("dhcp2 took over from dhcp1, which had lost its power (413 ms)\n")
                .containsPattern("\\+198 ms +dhcp2 +fencing +R34 dhcp1 is off \\(agent 53 ms\\)")
                .contains("because dhcp1 silent for 1 s")
                .endsWith("! dhcp1 cannot be reached: its own history is missing\n");
    }

    @Test
    void shouldUseTheSocketThatIsNamed() throws IOException {
        server.close();
        var other = directory.resolve("other.sock");
        try (var _ = ControlServer.start(other, Set.of(), daemon)) {
            assertThat(run("status --socket " + other).code()).isZero();
        }
    }
}
