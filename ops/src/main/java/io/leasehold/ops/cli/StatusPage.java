package io.leasehold.ops.cli;

import io.leasehold.ops.control.LinkView;
import io.leasehold.ops.control.StatusView;
import io.leasehold.ops.control.StatusView.NodeView;
import io.leasehold.ops.control.VolumeView;
import io.leasehold.ops.control.VolumeView.ResyncView;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** A status as a person reads it: the verdict first, then what it rests on. */
final class StatusPage {
    private static final int BAR_COLUMNS = 14;

    private final Console console;

    StatusPage(Console console) {
        this.console = console;
    }

    String print(StatusView status) {
        var page = new StringBuilder();
        page.append(colourOf(status.level()).paint(wrap(status.verdict()), console)).append('\n');
        for (var alarm : status.alarms()) {
            page.append(
                            Colour.RED.paint(
                                    Text.wrap("! " + alarm, Console.WIDTH_COLUMNS, "  "), console))
                    .append('\n');
        }
        page.append('\n').append(wrap(summary(status))).append('\n');
        page.append('\n').append(nodes(status));
        page.append('\n').append(resources(status));
        page.append('\n').append(links(status.links()));
        page.append('\n').append(volumeNow(status.volume()).print(Console.WIDTH_COLUMNS));
        return page.toString();
    }

    static String links(List<LinkView> links) {
        var table =
                new Table("LINK", "STATE", "LAST BEAT", "ROUND TRIP", "LOST", "REJECTED", "REMARK");
        for (var link : links) {
            table.row(
                    link.name(),
                    link.state(),
                    ago(link.silentMillis()),
                    link.roundTripMicros().isPresent()
                            ? Text.micros(link.roundTripMicros().getAsLong())
                            : "-",
                    String.valueOf(link.lost()),
                    String.valueOf(
                            link.rejected().values().stream().mapToLong(Long::longValue).sum()),
                    link.remark());
        }
        return table.print(Console.WIDTH_COLUMNS);
    }

    /** With what is of interest to those who ask for the volume only. */
    static String volume(VolumeView volume) {
        var table = volumeNow(volume);
        volume.lastResync()
                .ifPresent(done ->
                        table.row(
                                "last resync",
                                "%s of %s in %s, ended %s"
                                        .formatted(
                                                done.way(),
                                                Text.size(done.bytes()),
                                                Text.duration(done.millis()),
                                                done.endedAt().truncatedTo(ChronoUnit.SECONDS))));
        return table.print(Console.WIDTH_COLUMNS);
    }

    private static Table volumeNow(VolumeView volume) {
        var table = new Table("VOLUME", "");
        table.row(
                "copy",
                volume.role()
                        + ", "
                        + volume.directory()
                        + volume.mountPoint().map(point -> ", mounted at " + point).orElse(""));
        table.row(
                "disk",
                volume.disk() + volume.diskFailure().map(reason -> ": " + reason).orElse(""));
        table.row("peer", volume.connection() + ", " + volume.replication());
        table.row(
                "operations",
                volume.lastSequence()
                        + " written, "
                        + howSafe(volume)
                        + (volume.equalSequence().isPresent()
                                ? ", copies found equal at " + volume.equalSequence().getAsLong()
                                : ""));
        if (volume.frozenMillis().isPresent()) {
            table.row(
                    "frozen",
                    "for "
                            + Text.duration(volume.frozenMillis().getAsLong())
                            + volume.frozenReason().map(reason -> ": " + reason).orElse(""));
        }
        volume.divergence().ifPresent(found -> table.row("differed", found));
        volume.refusal().ifPresent(reason -> table.row("refused", reason));
        if (volume.foundDifferentSequence().isPresent()) {
            table.row(
                    "differs",
                    "found at operation "
                            + volume.foundDifferentSequence().getAsLong()
                            + ": the next resync compares everything");
        }
        volume.resync().ifPresent(resync -> table.row("resync", progress(resync)));
        return table;
    }

    /**
     * The primary alone knows what the other copy has; a secondary hears of it with the next
     * writes.
     */
    private static String howSafe(VolumeView volume) {
        return volume.role().equals("primary")
                ? volume.committedSequence() + " on every in-sync node"
                : volume.durableSequence() + " on the disk here";
    }

    private String summary(StatusView status) {
        var parts = new ArrayList<String>();
        parts.add(status.cluster() + ": epoch " + status.epoch());
        parts.add("primary " + status.primary().orElse("nobody"));
        parts.add(
                "in sync "
                        + (status.inSync().isEmpty()
                                ? "nobody"
                                : String.join(" ", status.inSync())));
        parts.add("arbiter " + status.arbiter());
        if (status.maintenance()) {
            parts.add("MAINTENANCE");
        }
        return String.join(", ", parts);
    }

    private static String nodes(StatusView status) {
        var table =
                new Table(
                        "NODE",
                        "STATE",
                        "ROLE",
                        "DATA",
                        "IN SYNC",
                        "SERVES",
                        "LAST BEAT",
                        "REMARK");
        for (var node : status.nodes()) {
            table.row(
                    node.name(),
                    node.state(),
                    node.role(),
                    node.standing().orElse("-"),
                    Text.yesOrNo(node.inSync()),
                    Text.yesOrNo(node.serving()),
                    ago(node.silentMillis()),
                    remark(node));
        }
        return table.print(Console.WIDTH_COLUMNS);
    }

    private static String remark(NodeView node) {
        var remarks = new ArrayList<String>();
        if (node.self()) {
            remarks.add("this node");
        }
        if (node.standby()) {
            remarks.add("standby");
        }
        if (!node.clientNetworkUp()) {
            remarks.add("client network down");
        }
        if (!node.healthy()) {
            remarks.add("a resource is blocked");
        }
        if (!node.remark().isEmpty()) {
            remarks.add(node.remark());
        }
        return String.join(", ", remarks);
    }

    private static String resources(StatusView status) {
        var table = new Table("RESOURCE", "STATE", "FAILURES", "REMARK");
        for (var resource : status.resources()) {
            table.row(
                    resource.name(),
                    resource.state(),
                    String.valueOf(resource.failures()),
                    resource.remark());
        }
        var gate = status.gate();
        table.row(
                "gate",
                gate.open() ? "open" : "shut",
                "-",
                gate.remainingMillis().isPresent()
                        ? "for "
                                + Text.duration(gate.remainingMillis().getAsLong())
                                + " unless renewed"
                        : "");
        return table.print(Console.WIDTH_COLUMNS);
    }

    /** {@code compare [#####---------] 37% of 100.0 MiB, 12.0 MiB/s, 5.3 s left}. */
    private static String progress(ResyncView resync) {
        var share =
                resync.totalBytes() == 0
                        ? 0
                        : Math.min(1, (double) resync.doneBytes() / resync.totalBytes());
        var filled = (int) (share * BAR_COLUMNS);
        return resync.way()
                + " ["
                + "#".repeat(filled)
                + "-".repeat(BAR_COLUMNS - filled)
                + "] "
                + (int) (share * 100)
                + "% of "
                + Text.size(resync.totalBytes())
                + ", "
                + Text.size(resync.bytesPerSecond())
                + "/s"
                + (resync.remainingMillis().isPresent()
                        ? ", " + Text.duration(resync.remainingMillis().getAsLong()) + " left"
                        : "");
    }

    private static String ago(OptionalLong silentMillis) {
        return silentMillis.isPresent() ? Text.duration(silentMillis.getAsLong()) : "-";
    }

    private static Colour colourOf(StatusView.Level level) {
        return switch (level) {
            case GOOD -> Colour.GREEN;
            case DEGRADED, RECOVERING -> Colour.YELLOW;
            case DOWN -> Colour.RED;
        };
    }

    private static String wrap(String text) {
        return Text.wrap(text, Console.WIDTH_COLUMNS, "");
    }
}
