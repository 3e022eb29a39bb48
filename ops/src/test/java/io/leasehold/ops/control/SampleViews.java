package io.leasehold.ops.control;

import io.leasehold.ops.control.ConfigView.SettingView;
import io.leasehold.ops.control.ExplainView.StepView;
import io.leasehold.ops.control.StatusView.GateView;
import io.leasehold.ops.control.StatusView.Level;
import io.leasehold.ops.control.StatusView.NodeView;
import io.leasehold.ops.control.StatusView.ResourceView;
import io.leasehold.ops.control.VolumeView.ResyncView;
import io.leasehold.ops.control.WhyView.FactView;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** One plausible view of each kind, for the tests of socket and commands. */
public final class SampleViews {
    private SampleViews() {}

    public static StatusView good() {
        return new StatusView(
                "office-dhcp",
                "dhcp1 serves, and dhcp2 could take over at any moment.",
                Level.GOOD,
                "dhcp1",
                7,
                Optional.of("dhcp1"),
                List.of("dhcp1", "dhcp2"),
                12,
                "fencing",
                false,
                List.of(
                        node("dhcp1", true, "primary", OptionalLong.empty()),
                        node("dhcp2", false, "secondary", OptionalLong.of(21))),
                List.of(
                        new ResourceView("volume", "started", 0, ""),
                        new ResourceView("vip", "started", 0, "203.0.113.10/24 on eth0"),
                        new ResourceView("dhcp", "started", 1, "")),
                links().links(),
                volume(Optional.empty()),
                new GateView(true, OptionalLong.of(287)),
                List.of());
    }

    /** While dhcp2 is made equal again. */
    public static StatusView resyncing() {
        var good = good();
        return new StatusView(
                good.cluster(),
                "dhcp1 serves. dhcp2 is being brought up to date: a crash of dhcp1 now would stop DHCP.",
                Level.DEGRADED,
                good.node(),
                good.epoch(),
                good.primary(),
                List.of("dhcp1"),
                13,
                good.arbiter(),
                false,
                good.nodes(),
                good.resources(),
                good.links(),
                volume(
                        Optional.of(
                                new ResyncView(
                                        "compare",
                                        37L << 20,
                                        100L << 20,
                                        12L << 20,
                                        OptionalLong.of(5_250)))),
                good.gate(),
                List.of("link lan is silent"));
    }

    public static NodeView node(String name, boolean self, String role, OptionalLong silent) {
        return new NodeView(
                name,
                self,
                "online",
                role,
                Optional.of("up-to-date"),
                true,
                self,
                false,
                true,
                true,
                silent,
                "");
    }

    public static FleetView fleet() {
        return new FleetView(
                java.util.List.of(
                        new FleetView.Pair(
                                "office-dhcp",
                                "dhcp1 serves; dhcp2 is in sync: a takeover now would lose nothing.",
                                "good",
                                java.util.Optional.of("dhcp1"),
                                java.util.List.of("dhcp1", "dhcp2"),
                                7,
                                "dhcp1",
                                1200)));
    }

    public static LinksView links() {
        var rejected = new TreeMap<String, Long>();
        rejected.put("replayed", 2L);
        return new LinksView(
                "dhcp1",
                "dhcp2",
                List.of(
                        new LinkView(
                                "crossover",
                                "point-to-point",
                                "up",
                                OptionalLong.of(21),
                                OptionalLong.of(180),
                                90_210,
                                3,
                                0,
                                new TreeMap<>(),
                                ""),
                        new LinkView(
                                "lan",
                                "shared",
                                "silent",
                                OptionalLong.of(61_000),
                                OptionalLong.empty(),
                                88_101,
                                12,
                                1,
                                rejected,
                                "the switch may be down")));
    }

    public static VolumeView volume(Optional<ResyncView> resync) {
        return new VolumeView(
                "primary",
                "working",
                Optional.empty(),
                "connected",
                resync.isPresent() ? "sync-source" : "established",
                Optional.of("/srv/dhcp"),
                "/var/lib/leasehold/volume",
                7,
                4_711,
                4_711,
                4_710,
                OptionalLong.of(4_710),
                OptionalLong.of(4_700),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                resync,
                OptionalLong.empty(),
                Optional.of(
                        new VolumeView.FinishedResyncView(
                                "changes", 64L << 20, 870, Instant.parse("2026-11-23T03:55:38Z"))));
    }

    /** It has heard of fewer complete operations than it has on its disk. */
    public static VolumeView secondaryVolume() {
        return new VolumeView(
                "secondary",
                "working",
                Optional.empty(),
                "connected",
                "established",
                Optional.empty(),
                "/var/lib/leasehold/volume",
                7,
                4_711,
                4_710,
                4_600,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty());
    }

    public static ReadyView ready() {
        return new ReadyView(
                true,
                "A takeover to dhcp2 would succeed now and lose nothing.",
                List.of(new CheckView("peer heard", true, "dhcp2 was heard 21 ms ago", "R37")));
    }

    public static ReadyView notReady() {
        return new ReadyView(
                false,
                "A takeover to dhcp2 would be refused.",
                List.of(
                        new CheckView("peer heard", true, "dhcp2 was heard 21 ms ago", "R37"),
                        new CheckView("in sync", false, "dhcp2 lacks 41 operations", "R6")));
    }

    public static WhyView why() {
        return new WhyView(
                "dhcp1 serves, and dhcp2 could take over at any moment.",
                List.of(
                        new FactView("dhcp2 is not in sync", "R6", "the resync that is under way"),
                        new FactView("dhcp1 won epoch 7 by a hand-over", "R17", "")));
    }

    public static BillView bill() {
        return new BillView(
                "dhcp2",
                "Forcing dhcp2 may lose acknowledged leases.",
                "K7MWQ2",
                List.of(
                        new FactView(
                                "dhcp2 is outdated: every lease that dhcp1 gave since may be"
                                        + " missing here",
                                "R7",
                                "dhcp1's return: then nothing is lost"),
                        new FactView("the epoch is marked as forced, for ever", "R21", "")));
    }

    public static EventView event(long sequence, String text) {
        var durations = new TreeMap<String, Double>();
        durations.put("agent", 52.5);
        return new EventView(
                sequence,
                Instant.parse("2026-11-22T10:15:30.123Z"),
                "dhcp2",
                "fencing",
                "R34",
                text,
                List.of("dhcp1 silent for 1 s"),
                durations);
    }

    public static ExplainView explain() {
        return new ExplainView(
                "dhcp2 took over from dhcp1, which had lost its power",
                412.5,
                List.of(
                        new StepView(0, event(1, "carrier of crossover lost")),
                        new StepView(198.25, event(2, "dhcp1 is off"))),
                List.of("dhcp1 cannot be reached: its own history is missing"));
    }

    public static VerifyView verified() {
        return new VerifyView(true, "Both copies are equal.", 4_711, 12, 1_048_576, List.of());
    }

    public static final String BRANCH = "2026-11-23T035538Z-dhcp1-epoch7-seq4711";

    public static BranchesView branches() {
        return new BranchesView(
                List.of(
                        new BranchesView.Summary(
                                BRANCH,
                                "dhcp1",
                                Instant.parse("2026-11-23T03:55:38Z"),
                                7,
                                4_711,
                                12,
                                1_048_576,
                                false)),
                List.of("dhcp2 cannot be asked now; it may keep branches, too"));
    }

    public static BranchView branch() {
        return branch("/var/lib/leasehold/volume/branches/" + BRANCH + "/tree");
    }

    public static BranchView branch(String directory) {
        return new BranchView(
                BRANCH,
                "dhcp1",
                Instant.parse("2026-11-23T03:55:38Z"),
                7,
                4_711,
                "This is what dhcp1 had of epoch 7, up to operation 4711, when it was made equal. 1"
                        + " file differs from the live volume's. 1 lease differs, 1 is at risk.",
                directory,
                "/var/lib/leasehold/volume/live/tree",
                1,
                List.of(
                        new BranchView.FileView(
                                "dhcpd.leases",
                                "different",
                                OptionalLong.of(4_096),
                                OptionalLong.of(3_800))),
                200,
                199,
                1,
                1,
                List.of(
                        new LeaseDifferenceView(
                                "192.0.2.7",
                                "only-in-branch",
                                true,
                                Optional.of(
                                        new LeaseDifferenceView.LeaseView(
                                                "active",
                                                "2026-11-24T03:00:00Z",
                                                "ethernet 02:00:5e:00:53:07",
                                                "printer")),
                                Optional.empty())));
    }

    public static ConfigView config() {
        return new ConfigView(
                "/etc/leasehold/leasehold.conf",
                List.of(
                        new SettingView(
                                "cluster.name",
                                "office-dhcp",
                                Optional.of("/etc/leasehold/leasehold.conf:8")),
                        new SettingView("timing.keepalive", "50 ms", Optional.empty())));
    }

    public static VersionView version() {
        return new VersionView("dhcp1", "0.1.0", 1, "25.0.1", "6.12.0", 4_242, 61_000);
    }
}
