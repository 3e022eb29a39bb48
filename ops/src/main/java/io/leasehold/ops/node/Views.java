package io.leasehold.ops.node;

import io.leasehold.blockrep.VerifyReport;
import io.leasehold.blockrep.VolumeFacts;
import io.leasehold.blockrep.resync.FileDifference;
import io.leasehold.dhcp.lease.Lease;
import io.leasehold.dhcp.lease.LeaseDifference;
import io.leasehold.heartbeat.controller.CommandResult;
import io.leasehold.heartbeat.controller.View;
import io.leasehold.heartbeat.history.HistoryEntry;
import io.leasehold.heartbeat.history.HistoryItem;
import io.leasehold.heartbeat.link.LinkStatistics;
import io.leasehold.heartbeat.membership.LinkStatus;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.EffectiveSetting;
import io.leasehold.ops.config.Place;
import io.leasehold.ops.control.BillView;
import io.leasehold.ops.control.BranchView;
import io.leasehold.ops.control.CheckView;
import io.leasehold.ops.control.ConfigView;
import io.leasehold.ops.control.EventView;
import io.leasehold.ops.control.ExplainView;
import io.leasehold.ops.control.LeaseDifferenceView;
import io.leasehold.ops.control.LinkView;
import io.leasehold.ops.control.ReadyView;
import io.leasehold.ops.control.StatusView;
import io.leasehold.ops.control.VerifyView;
import io.leasehold.ops.control.VolumeView;
import io.leasehold.ops.control.WhyView;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the parts of a node say, in the words of the control socket. Pure. */
final class Views {
    private static final String RESYNC_ADVICE =
            "`clusterctl volume resync` on the primary has that done now: its copy is taken, the other"
                    + " one is kept as a branch (if the other one is right, `clusterctl takeover` first).";

    private Views() {}

    static StatusView status(
            View view,
            NodeName self,
            VolumeView volume,
            List<LinkStatistics> statistics,
            List<String> alarms,
            long nowNanos) {
        var record = view.record();
        var allAlarms = new ArrayList<>(view.alarms());
        allAlarms.addAll(alarms);
        var concern = concern(volume);
        return new StatusView(
                view.cluster(),
                view.verdict() + concern.map(sentence -> " " + sentence).orElse(""),
                switch (view.level()) {
                    case GOOD ->
                            concern.isPresent() ? StatusView.Level.DEGRADED : StatusView.Level.GOOD;
                    case DEGRADED -> StatusView.Level.DEGRADED;
                    case RECOVERING -> StatusView.Level.RECOVERING;
                    case DOWN -> StatusView.Level.DOWN;
                },
                self.value(),
                record.epoch().value(),
                record.primary().map(NodeName::value),
                record.inSync().stream().map(NodeName::value).sorted().toList(),
                record.gen().value(),
                word(record.mode()),
                view.maintenance(),
                view.nodes().stream().map(Views::node).toList(),
                view.resources().stream()
                        .map(resource ->
                                new StatusView.ResourceView(
                                        resource.name().value(),
                                        word(resource.state()),
                                        resource.failures(),
                                        resource.remark()))
                        .toList(),
                links(view.links(), statistics),
                volume,
                new StatusView.GateView(
                        view.gate().isOpenAt(nowNanos),
                        view.gate().isOpenAt(nowNanos)
                                ? OptionalLong.of(
                                        millis(view.gate().untilNanos().orElseThrow() - nowNanos))
                                : OptionalLong.empty()),
                allAlarms);
    }

    /**
     * What the verdict must not be silent about, and the controller does not know of: only a person
     * can judge it.
     */
    private static Optional<String> concern(VolumeView volume) {
        return volume.foundDifferentSequence().isPresent()
                ? Optional.of(
                        "The copies differ "
                                + volume.divergence()
                                        .orElse(
                                                "at operation "
                                                        + volume.foundDifferentSequence()
                                                                .getAsLong())
                                + ". The next resync compares everything; "
                                + RESYNC_ADVICE)
                : volume.divergence()
                        .map(found ->
                                "The copies differed "
                                        + found
                                        + "; what was replaced is kept (clusterctl branches list)."
                                        + " Compare them with `clusterctl volume verify`.");
    }

    private static StatusView.NodeView node(View.Node node) {
        return new StatusView.NodeView(
                node.name().value(),
                node.self(),
                node.self() ? "online" : node.peerState().map(Views::word).orElse("unknown"),
                word(node.role()),
                node.standing().map(Views::word),
                node.inSync(),
                node.serving(),
                node.standby(),
                node.clientNetworkUp(),
                node.healthy(),
                millis(node.silentNanos()),
                node.remark());
    }

    static List<LinkView> links(List<LinkStatus> links, List<LinkStatistics> statistics) {
        return links.stream()
                .sorted(Comparator.comparing(LinkStatus::name))
                .map(link ->
                        link(
                                link,
                                statistics.stream()
                                        .filter(s -> s.link().equals(link.name().value()))
                                        .findFirst()))
                .toList();
    }

    private static LinkView link(LinkStatus link, Optional<LinkStatistics> statistics) {
        SortedMap<String, Long> rejected = new TreeMap<>();
        statistics.ifPresent(
                s -> s.rejected().forEach((cause, count) -> rejected.put(word(cause), count)));
        return new LinkView(
                link.name().value(),
                link.pointToPoint() ? "point-to-point" : "shared",
                word(link.state()),
                millis(link.silentNanos()),
                link.roundTripNanos().isPresent()
                        ? OptionalLong.of(link.roundTripNanos().getAsLong() / 1_000)
                        : OptionalLong.empty(),
                statistics.map(LinkStatistics::received).orElse(link.beats()),
                statistics.map(LinkStatistics::lost).orElse(0L),
                link.losses(),
                rejected,
                statistics.map(LinkStatistics::remark).orElse(""));
    }

    /**
     * What {@code ready} says.
     *
     * @param rehearsal what the guard of the node that would take over says
     */
    static ReadyView ready(View view, List<CheckView> rehearsal) {
        var checks =
                Stream.concat(view.ready().stream().map(Views::check), rehearsal.stream()).toList();
        long obstacles =
                view.ready().stream().filter(View.Check::isObstacle).count()
                        + rehearsal.stream().filter(check -> !check.ok()).count();
        boolean ready = checks.stream().allMatch(CheckView::ok);
        return new ReadyView(ready, readiness(ready, obstacles), checks);
    }

    private static String readiness(boolean ready, long obstacles) {
        if (ready) {
            return "A takeover now would succeed and lose nothing.";
        }
        if (obstacles == 0) {
            return "A takeover now would succeed, but may lose something.";
        }
        return "A takeover now would be refused: "
                + (obstacles == 1
                        ? "one condition does not hold."
                        : obstacles + " conditions do not hold.");
    }

    static CheckView check(View.Check check) {
        return new CheckView(check.name(), check.ok(), check.sentence(), check.rule().name());
    }

    static WhyView why(View view) {
        return new WhyView(
                view.verdict(),
                view.why().stream()
                        .map(fact ->
                                new WhyView.FactView(
                                        fact.sentence(), fact.rule().name(), fact.change()))
                        .toList());
    }

    /** What the pair knows about a forced promotion, and what the lease file here says. */
    static BillView bill(NodeName self, CommandResult.Bill bill, String leasesHere) {
        var items =
                bill.items().stream()
                        .map(item ->
                                new WhyView.FactView(
                                        item.sentence(), item.rule().name(), item.change()))
                        .collect(Collectors.toCollection(ArrayList::new));
        items.add(new WhyView.FactView(leasesHere, "", ""));
        return new BillView(self.value(), bill.sentence(), bill.code(), List.copyOf(items));
    }

    static VolumeView volume(VolumeFacts facts, Path directory) {
        return new VolumeView(
                word(facts.role()),
                switch (facts.disk()) {
                    case VolumeFacts.Disk.Working() -> "working";
                    case VolumeFacts.Disk.Failed _ -> "failed";
                },
                facts.disk() instanceof VolumeFacts.Disk.Failed(String reason)
                        ? Optional.of(reason)
                        : Optional.empty(),
                word(facts.connection()),
                word(facts.replication()),
                facts.mountPoint().map(Path::toString),
                directory.toString(),
                facts.promisedEpoch(),
                facts.last().value(),
                facts.durable().value(),
                facts.committed().value(),
                facts.peerDurable()
                        .map(seq -> OptionalLong.of(seq.value()))
                        .orElse(OptionalLong.empty()),
                facts.lastRootCheck()
                        .map(seq -> OptionalLong.of(seq.value()))
                        .orElse(OptionalLong.empty()),
                millis(facts.frozenForNanos()),
                facts.frozenReason(),
                facts.refusal(),
                facts.divergence().map(found -> "at operation " + found.at() + ": " + found.what()),
                facts.resync()
                        .map(progress ->
                                new VolumeView.ResyncView(
                                        word(progress.kind()),
                                        progress.done(),
                                        progress.total(),
                                        progress.bytesPerSecond(),
                                        progress.remaining()
                                                .map(left -> OptionalLong.of(left.toMillis()))
                                                .orElse(OptionalLong.empty()))),
                facts.foundDifferent()
                        .map(seq -> OptionalLong.of(seq.value()))
                        .orElse(OptionalLong.empty()),
                facts.lastResync()
                        .map(done ->
                                new VolumeView.FinishedResyncView(
                                        word(done.kind()),
                                        done.bytes(),
                                        done.took().toMillis(),
                                        done.endedAt())));
    }

    static ConfigView configuration(String file, List<EffectiveSetting> settings) {
        return new ConfigView(
                file,
                settings.stream()
                        .map(setting ->
                                new ConfigView.SettingView(
                                        setting.key(),
                                        setting.value(),
                                        setting.source().map(Place::toString)))
                        .toList());
    }

    static VerifyView verify(VerifyReport report) {
        return new VerifyView(
                report.identical(),
                report.identical()
                        ? "Both copies are identical."
                        : "The copies differ in "
                                + report.differences().size()
                                + " places. The next resync compares everything; "
                                + RESYNC_ADVICE,
                report.to().value(),
                report.itemsCompared(),
                report.bytesCompared(),
                report.differences());
    }

    /** How far a verification is; files grow under it, and a volume may have empty files only. */
    static String compared(long doneBytes, long totalBytes) {
        long total = Math.max(doneBytes, totalBytes);
        return "compared %d of %d MiB (%d %%)"
                .formatted(
                        doneBytes >> 20, total >> 20, total == 0 ? 100 : 100 * doneBytes / total);
    }

    static BranchView.FileView fileDifference(FileDifference difference) {
        return new BranchView.FileView(
                difference.path().toString(),
                difference(
                        difference.branchBytes().isPresent(), difference.liveBytes().isPresent()),
                difference.branchBytes(),
                difference.liveBytes());
    }

    static LeaseDifferenceView leaseDifference(LeaseDifference difference) {
        return new LeaseDifferenceView(
                difference.address().toString(),
                difference(difference.aside().isPresent(), difference.live().isPresent()),
                difference.isAtRisk(),
                difference.aside().map(Views::lease),
                difference.live().map(Views::lease));
    }

    private static LeaseDifferenceView.LeaseView lease(Lease lease) {
        return new LeaseDifferenceView.LeaseView(
                word(lease.state()),
                lease.ends().toString(),
                lease.client(),
                lease.hostname().toEscaped());
    }

    private static String difference(boolean inBranch, boolean live) {
        return inBranch && live ? "different" : inBranch ? "only-in-branch" : "only-live";
    }

    static EventView event(HistoryItem item, NodeName self) {
        return switch (item) {
            case HistoryItem.Recorded(var entry) -> event(entry);
            case HistoryItem.Missing(long first, long last, String reason) ->
                    new EventView(
                            first,
                            Instant.EPOCH,
                            self.value(),
                            EventView.GAP,
                            "",
                            "entries " + first + " to " + last + " are missing: " + reason,
                            List.of(),
                            new TreeMap<>());
        };
    }

    static EventView event(HistoryEntry entry) {
        var durations = new TreeMap<String, Double>();
        entry.observation()
                .durations()
                .forEach((name, took) -> durations.put(name, took.toNanos() / 1e6));
        return new EventView(
                entry.sequence(),
                entry.wallTime(),
                entry.node(),
                entry.observation().kind(),
                entry.observation().rule(),
                entry.observation().text(),
                entry.observation().causes(),
                durations);
    }

    static ExplainView explain(Timeline.Episode episode, List<String> remarks) {
        var whole =
                episode.answeredAfter()
                        .or(() ->
                                episode.lines().isEmpty()
                                        ? Optional.empty()
                                        : Optional.of(episode.lines().getLast().since()))
                        .orElse(Duration.ZERO);
        var allRemarks = new ArrayList<>(remarks);
        if (episode.answeredAfter().isEmpty()) {
            allRemarks.add(
                    "no DHCP answer of " + episode.primary() + " was seen in the minute after");
        }
        return new ExplainView(
                episode.primary()
                        + " became primary on "
                        + episode.begun().truncatedTo(java.time.temporal.ChronoUnit.SECONDS),
                whole.toNanos() / 1e6,
                episode.lines().stream()
                        .map(line ->
                                new ExplainView.StepView(
                                        line.since().toNanos() / 1e6, event(line.entry())))
                        .toList(),
                allRemarks);
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static long millis(long nanos) {
        return nanos / 1_000_000;
    }

    private static OptionalLong millis(OptionalLong nanos) {
        return nanos.isPresent() ? OptionalLong.of(millis(nanos.getAsLong())) : nanos;
    }
}
