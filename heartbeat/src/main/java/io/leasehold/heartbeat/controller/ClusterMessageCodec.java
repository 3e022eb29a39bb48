package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.Maintenance;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.RecordLayout;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Bytes of {@link ClusterMessage} and {@link Announcement}: one octet version, one octet kind, then
 * the components in the order of the record. Field types as in {@link LayoutWriter}. Both are
 * opaque to what carries them, which also authenticates them.
 *
 * <p>Kinds and enum positions are appended, never reused; a test freezes the bytes of each version.
 */
public final class ClusterMessageCodec {

    /** No message is longer. */
    public static final int LENGTH_MAX = 4_096;

    /** 1: the first. */
    static final int VERSION = 1;

    private static final int TEXT_MAX = 1_024;
    private static final int NAME_MAX = 255;
    private static final int RULE_NAME_MAX = 16;
    private static final int CHECKS_MAX = 16;
    private static final int ANNOUNCEMENT = 100;

    private ClusterMessageCodec() {}

    public static byte[] encode(Announcement announcement) {
        var to = new LayoutWriter(LENGTH_MAX).octet(VERSION).octet(ANNOUNCEMENT);
        return to.text(announcement.node().value())
                .text(announcement.bootId().value())
                .number(announcement.incarnation())
                .choice(announcement.role())
                .number(announcement.epoch().value())
                .number(announcement.gen().value())
                .choice(announcement.standing())
                .flag(announcement.serving())
                .flag(announcement.clientNetworkUp())
                .flag(announcement.standby())
                .flag(announcement.healthy())
                .flag(announcement.leaveWanted())
                .number(announcement.maintenance().version())
                .flag(announcement.maintenance().on())
                .toBytes();
    }

    public static Announcement decodeAnnouncement(byte[] bytes) throws LayoutException {
        var from = versioned(bytes);
        var at = from.offsetBytes();
        var kind = from.octet();
        if (kind != ANNOUNCEMENT) {
            throw new LayoutException(at, "an announcement", "kind " + kind);
        }
        var announcement =
                from.checked(
                        "an announcement",
                        () ->
                                new Announcement(
                                        node(from),
                                        new BootId(from.text(BootId.LENGTH_MAX)),
                                        from.quantity(),
                                        from.choice(Role.class),
                                        epoch(from),
                                        gen(from),
                                        from.choice(Standing.class),
                                        from.flag(),
                                        from.flag(),
                                        from.flag(),
                                        from.flag(),
                                        from.flag(),
                                        new Maintenance(from.quantity(), from.flag())));
        from.end();
        return announcement;
    }

    public static byte[] encode(ClusterMessage message) {
        var to = new LayoutWriter(LENGTH_MAX).octet(VERSION);
        switch (message) {
            case ClusterMessage.Hello hello -> {
                to.octet(1)
                        .text(hello.node().value())
                        .text(hello.bootId().value())
                        .number(hello.incarnation())
                        .choice(hello.role());
                RecordLayout.write(to, hello.record());
                to.number(hello.promised().value())
                        .choice(hello.standing())
                        .flag(hello.permit())
                        .flag(hello.resumable())
                        .flag(hello.stopped())
                        .number(hello.position().seq())
                        .text(hello.position().root())
                        .choice(hello.arbiter());
            }
            case ClusterMessage.Outdated(var epoch, var gen, var reason) ->
                    to.octet(2).number(epoch.value()).number(gen.value()).choice(reason);
            case ClusterMessage.OutdatedNoted(var epoch, var gen) ->
                    to.octet(3).number(epoch.value()).number(gen.value());
            case ClusterMessage.PromiseRequest(var written, var epoch, var gen) ->
                    to.octet(4).number(written.value()).number(epoch.value()).number(gen.value());
            case ClusterMessage.Promised(var epoch, var standing) ->
                    to.octet(5).number(epoch.value()).choice(standing);
            case ClusterMessage.PromiseRefused(var epoch, var promised, var sentence) ->
                    to.octet(6).number(epoch.value()).number(promised.value()).text(cut(sentence));
            case ClusterMessage.Grow(var epoch, var gen, var seq) ->
                    to.octet(7).number(epoch.value()).number(gen.value()).number(seq);
            case ClusterMessage.GrowAccepted(var epoch, var gen) ->
                    to.octet(8).number(epoch.value()).number(gen.value());
            case ClusterMessage.HandOverComing(var epoch) -> to.octet(9).number(epoch.value());
            case ClusterMessage.HandOverCancelled(var epoch) -> to.octet(10).number(epoch.value());
            case ClusterMessage.HandOver(var epoch, var gen, var position) ->
                    to.octet(11)
                            .number(epoch.value())
                            .number(gen.value())
                            .number(position.seq())
                            .text(position.root());
            case ClusterMessage.HandOverTaken(var epoch) -> to.octet(12).number(epoch.value());
            case ClusterMessage.ServiceStarted(var epoch) -> to.octet(13).number(epoch.value());
            case ClusterMessage.ServiceFailed(var epoch, var reason) ->
                    to.octet(14).number(epoch.value()).text(cut(reason));
            case ClusterMessage.ConfirmRequest(var epoch, var nonce) ->
                    to.octet(15).number(epoch.value()).number(nonce);
            case ClusterMessage.Confirmed(var epoch, var nonce) ->
                    to.octet(16).number(epoch.value()).number(nonce);
            case ClusterMessage.CommandForwarded(var number, var command) -> {
                to.octet(17).number(number);
                write(to, command);
            }
            case ClusterMessage.CommandAnswered(var number, var result) -> {
                to.octet(18).number(number);
                write(to, result);
            }
            case ClusterMessage.ForcedEpochs(var epochs) -> {
                to.octet(19).count(epochs.size());
                epochs.forEach(epoch -> to.number(epoch.value()));
            }
        }
        return to.toBytes();
    }

    public static ClusterMessage decode(byte[] bytes) throws LayoutException {
        var from = versioned(bytes);
        var at = from.offsetBytes();
        var kind = from.octet();
        var message = from.checked("a message of kind " + kind, () -> body(from, at, kind));
        from.end();
        return message;
    }

    private static LayoutReader versioned(byte[] bytes) throws LayoutException {
        if (bytes.length > LENGTH_MAX) {
            throw new LayoutException(
                    0, "at most " + LENGTH_MAX + " bytes", bytes.length + " bytes");
        }
        var from = new LayoutReader(bytes);
        var version = from.octet();
        if (version != VERSION) {
            throw new LayoutException(0, "version " + VERSION, "version " + version);
        }
        return from;
    }

    private static ClusterMessage body(LayoutReader from, int at, int kind) throws LayoutException {
        return switch (kind) {
            case 1 ->
                    new ClusterMessage.Hello(
                            node(from),
                            new BootId(from.text(BootId.LENGTH_MAX)),
                            from.quantity(),
                            from.choice(Role.class),
                            RecordLayout.read(from),
                            epoch(from),
                            from.choice(Standing.class),
                            from.flag(),
                            from.flag(),
                            from.flag(),
                            position(from),
                            from.choice(ArbitrationMode.class));
            case 2 ->
                    new ClusterMessage.Outdated(
                            epoch(from),
                            gen(from),
                            from.choice(ClusterMessage.OutdatedReason.class));
            case 3 -> new ClusterMessage.OutdatedNoted(epoch(from), gen(from));
            case 4 -> new ClusterMessage.PromiseRequest(epoch(from), epoch(from), gen(from));
            case 5 -> new ClusterMessage.Promised(epoch(from), from.choice(Standing.class));
            case 6 ->
                    new ClusterMessage.PromiseRefused(
                            epoch(from), epoch(from), from.text(TEXT_MAX));
            case 7 -> new ClusterMessage.Grow(epoch(from), gen(from), from.quantity());
            case 8 -> new ClusterMessage.GrowAccepted(epoch(from), gen(from));
            case 9 -> new ClusterMessage.HandOverComing(epoch(from));
            case 10 -> new ClusterMessage.HandOverCancelled(epoch(from));
            case 11 -> new ClusterMessage.HandOver(epoch(from), gen(from), position(from));
            case 12 -> new ClusterMessage.HandOverTaken(epoch(from));
            case 13 -> new ClusterMessage.ServiceStarted(epoch(from));
            case 14 -> new ClusterMessage.ServiceFailed(epoch(from), from.text(TEXT_MAX));
            case 15 -> new ClusterMessage.ConfirmRequest(epoch(from), from.number());
            case 16 -> new ClusterMessage.Confirmed(epoch(from), from.number());
            case 17 -> new ClusterMessage.CommandForwarded(from.number(), command(from));
            case 18 -> new ClusterMessage.CommandAnswered(from.number(), result(from));
            case 19 -> {
                var epochs = new TreeSet<Epoch>();
                for (var left = from.count(DurableState.FORCED_EPOCHS_MAX); left > 0; left--) {
                    epochs.add(epoch(from));
                }
                yield new ClusterMessage.ForcedEpochs(epochs);
            }
            default -> throw new LayoutException(at, "a kind from 1 to 19", "kind " + kind);
        };
    }

    private static void write(LayoutWriter to, Command command) {
        switch (command) {
            case Command.Takeover(var target) -> to.octet(1).text(target.value());
            case Command.EnterStandby(var node, var forNanos, var reason) ->
                    to.octet(2).text(node.value()).optionalNumber(forNanos).text(cut(reason));
            case Command.GoOnline(var node) -> to.octet(3).text(node.value());
            case Command.SetMaintenance(var on) -> to.octet(4).flag(on);
            case Command.Cleanup(var resource) ->
                    to.octet(5).optionalText(resource.map(ResourceName::value));
            case Command.Fence(var node) -> to.octet(6).text(node.value());
            case Command.ConfirmFenced(var node) -> to.octet(7).text(node.value());
            case Command.Restart(var resource, var reason) ->
                    to.octet(8).text(resource.value()).text(cut(reason));
            case Command.ForcePromotion _ ->
                    throw new IllegalArgumentException("never forwarded: " + command);
        }
    }

    private static Command command(LayoutReader from) throws LayoutException {
        var at = from.offsetBytes();
        var kind = from.octet();
        return switch (kind) {
            case 1 -> new Command.Takeover(node(from));
            case 2 ->
                    new Command.EnterStandby(
                            node(from), from.optionalNumber(), from.text(TEXT_MAX));
            case 3 -> new Command.GoOnline(node(from));
            case 4 -> new Command.SetMaintenance(from.flag());
            case 5 -> {
                Optional<ResourceName> resource =
                        from.optionalText(NAME_MAX).map(ResourceName::new);
                yield new Command.Cleanup(resource);
            }
            case 6 -> new Command.Fence(node(from));
            case 7 -> new Command.ConfirmFenced(node(from));
            case 8 ->
                    new Command.Restart(new ResourceName(from.text(NAME_MAX)), from.text(TEXT_MAX));
            default -> throw new LayoutException(at, "a command from 1 to 8", "command " + kind);
        };
    }

    private static void write(LayoutWriter to, CommandResult result) {
        switch (result) {
            case CommandResult.Done(var sentence) -> to.octet(1).text(cut(sentence));
            case CommandResult.Failed(var sentence) -> to.octet(2).text(cut(sentence));
            case CommandResult.Bill _ ->
                    throw new IllegalArgumentException("never forwarded: " + result);
            case CommandResult.Refused(var sentence, var rule, var failed) -> {
                // A refusal must fit whatever it lists: long sentences are cut, not the message.
                var shown = failed.subList(0, Math.min(failed.size(), CHECKS_MAX));
                to.octet(3).text(cut(sentence)).text(rule.name()).count(shown.size());
                for (var check : shown) {
                    to.text(cut(check.name(), 48))
                            .flag(check.ok())
                            .text(cut(check.sentence(), 120))
                            .text(check.rule().name());
                }
            }
        }
    }

    private static CommandResult result(LayoutReader from) throws LayoutException {
        var at = from.offsetBytes();
        var kind = from.octet();
        return switch (kind) {
            case 1 -> new CommandResult.Done(from.text(TEXT_MAX));
            case 2 -> new CommandResult.Failed(from.text(TEXT_MAX));
            case 3 -> {
                var sentence = from.text(TEXT_MAX);
                var rule = rule(from);
                List<View.Check> failed = new ArrayList<>();
                for (var left = from.count(CHECKS_MAX); left > 0; left--) {
                    failed.add(
                            new View.Check(
                                    from.text(NAME_MAX),
                                    from.flag(),
                                    from.text(TEXT_MAX),
                                    rule(from)));
                }
                yield new CommandResult.Refused(sentence, rule, failed);
            }
            default -> throw new LayoutException(at, "a result from 1 to 3", "result " + kind);
        };
    }

    /** By name: rules are listed by their numbers, so their positions change. */
    private static Rule rule(LayoutReader from) throws LayoutException {
        return Rule.valueOf(from.text(RULE_NAME_MAX));
    }

    private static NodeName node(LayoutReader from) throws LayoutException {
        return new NodeName(from.text(NodeName.LENGTH_MAX));
    }

    private static Epoch epoch(LayoutReader from) throws LayoutException {
        return new Epoch(from.quantity());
    }

    private static Generation gen(LayoutReader from) throws LayoutException {
        return new Generation(from.quantity());
    }

    private static Position position(LayoutReader from) throws LayoutException {
        return new Position(from.quantity(), from.text(Position.ROOT_LENGTH_MAX));
    }

    /** A quarter of the bytes that a reader accepts: a character has at most four. */
    private static String cut(String text) {
        return cut(text, TEXT_MAX / 4);
    }

    private static String cut(String text, int charactersMax) {
        return text.length() <= charactersMax ? text : text.substring(0, charactersMax);
    }
}
