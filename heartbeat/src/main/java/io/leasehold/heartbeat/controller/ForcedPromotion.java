package io.leasehold.heartbeat.controller;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.leasehold.heartbeat.controller.Arbitration.Outcome;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * {@code promote --force}: a person makes this node primary although nothing proves that its copy
 * is the newest (R21). Never automatic; the person sees first what may be lost.
 *
 * <pre>
 *   asked --a better way exists--> refused, says which
 *   asked --peer lost, or both met and nobody may lead--> bill with a code
 *   code of the bill as it is now --> forced epoch, marked for ever on both nodes --> {@link Promotion}
 *   any other code --> refused
 * </pre>
 */
final class ForcedPromotion {

    private static final int CODE_LENGTH = 6;

    /** Without letters and digits that are taken for each other. */
    private static final String CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    private static final int CODE_LETTER_BITS = 5;

    private final ClusterConfiguration config;
    private final NodeName me;
    private final NodeName peer;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final Evidence evidence;
    private final Arbitration arbitration;
    private final PeerWatch watch;
    private final PeerSession session;
    private final NodeHealth health;
    private final Publication publication;
    private final Service service;
    private final Promotion promotion;
    private final Effects effects;

    ForcedPromotion(
            ClusterConfiguration config,
            Lifecycle lifecycle,
            Rights rights,
            Evidence evidence,
            Arbitration arbitration,
            PeerWatch watch,
            PeerSession session,
            NodeHealth health,
            Publication publication,
            Service service,
            Promotion promotion,
            Effects effects) {
        this.config = config;
        this.me = config.me();
        this.peer = config.peer();
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.evidence = evidence;
        this.arbitration = arbitration;
        this.watch = watch;
        this.session = session;
        this.health = health;
        this.publication = publication;
        this.service = service;
        this.promotion = promotion;
        this.effects = effects;
    }

    /**
     * Shows the bill, or promotes.
     *
     * @param code of the bill that the person was shown
     */
    CommandResult order(Optional<String> code) {
        var refusal = refusal();
        if (refusal.isPresent()) {
            return refusal.get();
        }
        var bill = bill();
        if (code.isEmpty()) {
            return bill;
        }
        if (!code.get().equals(bill.code())) {
            return refused(
                    Rule.R21,
                    "'"
                            + code.get()
                            + "' is not the code of the bill as it is now: ask for it again, and"
                            + " read it again");
        }
        return promote(bill);
    }

    private CommandResult promote(CommandResult.Bill bill) {
        effects.note(
                "operator",
                Rule.R21,
                "an operator forces " + me + " to be primary, and knows the bill " + bill.code(),
                bill.items().stream().map(View.Fact::sentence).toArray(String[]::new));
        var record = rights.record();
        var given =
                new Proof.Forced(
                        record.epoch(),
                        record.gen(),
                        "an operator confirmed the bill " + bill.code());
        if (watch.isLost()) {
            evidence.isAssertedOff(given, watch.bootId());
        } else {
            evidence.is(given);
        }
        goAbovePeer();
        return switch (arbitration.attempt(Change.FORCE)) {
            case Outcome.Won won -> {
                var epoch = won.next().record().epoch();
                promotion.begin(won.with(won.next().withForced(List.of(epoch))));
                yield new CommandResult.Done(
                        me
                                + " is primary of epoch "
                                + epoch
                                + ", which is marked as forced for ever");
            }
            case Outcome.NotYet(), Outcome.Refused() -> {
                evidence.used();
                yield refused(Rule.R21, "the arbiter does not let " + me + " be primary");
            }
        };
    }

    /**
     * R1: a node with a new disk knows of no epoch, and what it is forced to be must not be one
     * that the peer has seen.
     */
    private void goAbovePeer() {
        watch.said().ifPresent(said -> rights.save(rights.state().withPromised(said.epoch())));
        session.hello()
                .ifPresent(hello -> rights.save(rights.state().withPromised(hello.promised())));
    }

    /** Where a better way exists, or none at all. */
    private Optional<CommandResult> refusal() {
        var state = rights.state();
        if (lifecycle.isWriter()) {
            return Optional.of(new CommandResult.Done(me + " is primary already"));
        }
        if (!lifecycle.isIdle() || lifecycle.isShuttingDown() || !service.isAllStopped()) {
            return Optional.of(new CommandResult.Failed(me + " is changing its role; try again"));
        }
        if (config.mode() == ArbitrationMode.ZOOKEEPER) {
            return Optional.of(
                    refused(
                            Rule.R12,
                            "with arbiter zookeeper the record is in the ensemble, and nothing is"
                                    + " forced beside it: bring the node back that it names as in"
                                    + " sync"));
        }
        if (health.isDiskFailed() || state.standing() == Standing.INCONSISTENT) {
            return Optional.of(
                    refused(
                            Rule.R31,
                            me + "'s copy is inconsistent: nobody could read its leases"));
        }
        if (watch.leads()) {
            return Optional.of(
                    refused(
                            Rule.R6,
                            peer + " is primary: 'clusterctl takeover' moves the service"));
        }
        var met = hasMetInVain();
        if (!watch.isLost() && !met) {
            return Optional.of(
                    refused(
                            Rule.R37,
                            peer
                                    + " is "
                                    + watch.state()
                                    + " ("
                                    + watch.reason()
                                    + "): nothing is forced before it is lost, or before both have"
                                    + " met and nobody may lead"));
        }
        if (isWhole() && !met && state.record().mode() == config.mode()) {
            return Optional.of(
                    refused(
                            Rule.R34,
                            me
                                    + " holds every acknowledged lease, so nothing need be forced:"
                                    + " make sure that "
                                    + peer
                                    + " is powered off, then say 'clusterctl confirm-fenced "
                                    + peer
                                    + "'"));
        }
        return Optional.empty();
    }

    private boolean isWhole() {
        var state = rights.state();
        return state.holdsPermit()
                || (state.standing() == Standing.UP_TO_DATE && state.record().isInSync(me));
    }

    /** Both nodes are here, and neither may lead: split brain, or two copies of unknown worth. */
    private boolean hasMetInVain() {
        return !watch.isLost()
                && session.hello()
                        .filter(hello -> hello.role() != Role.STOPPED && hello.stopped())
                        .filter(hello -> leadsNobody(hello))
                        .isPresent();
    }

    private boolean leadsNobody(ClusterMessage.Hello hello) {
        var outcome =
                Meeting.decide(publication.hello(), hello, session.relation(), config.lowerNode());
        return outcome.lead() == Meeting.Lead.NOBODY;
    }

    private CommandResult.Bill bill() {
        var items = new ArrayList<View.Fact>();
        items.add(missing());
        items.add(present());
        items.add(
                watch.isLost()
                        ? new View.Fact(
                                "you assert that "
                                        + peer
                                        + " is powered off, and stays off until it can hear "
                                        + me
                                        + ": if it serves, addresses are given twice",
                                Rule.R34,
                                "look at the machine, not at the network")
                        : new View.Fact(
                                peer
                                        + " follows "
                                        + me
                                        + ": what only "
                                        + peer
                                        + " has is set aside",
                                Rule.R29,
                                ""));
        if (rights.record().mode() != config.mode()) {
            items.add(
                    new View.Fact(
                            "the record passes from arbiter "
                                    + rights.record().mode()
                                    + " to "
                                    + config.mode()
                                    + ": "
                                    + peer
                                    + " must not decide by the old one any more",
                            Rule.R12,
                            ""));
        }
        items.add(
                new View.Fact(
                        "the epoch is marked as forced, on both nodes and for ever", Rule.R21, ""));
        return new CommandResult.Bill(
                "Forcing " + me + " may lose acknowledged leases.", code(items), items);
    }

    private View.Fact missing() {
        var state = rights.state();
        if (isWhole() && !hasMetInVain()) {
            return new View.Fact(
                    me + " holds every acknowledged lease: nothing is lost, if " + peer + " is off",
                    Rule.R3,
                    "");
        }
        return switch (state.standing()) {
            case OUTDATED ->
                    new View.Fact(
                            me
                                    + " is outdated: every lease that "
                                    + peer
                                    + " gave, renewed or took back after "
                                    + state.record().describe()
                                    + " may be missing here",
                            Rule.R7,
                            peer + "'s return: then nothing is lost");
            case CONSISTENT ->
                    new View.Fact(
                            me
                                    + " was powered on without having met "
                                    + peer
                                    + ": if that one went on alone meanwhile, every lease that it"
                                    + " gave, renewed or took back is missing here",
                            Rule.R20,
                            peer + "'s return: then nothing is lost");
            case UP_TO_DATE, INCONSISTENT ->
                    new View.Fact(
                            "what "
                                    + peer
                                    + " acknowledged and "
                                    + me
                                    + " does not have is lost: the record here is "
                                    + state.record().describe(),
                            Rule.R29,
                            "");
        };
    }

    private View.Fact present() {
        var here = health.volume().map(VolumeStatus::head).orElse(Position.EMPTY);
        var committedSeq = health.volume().map(VolumeStatus::committedSeq).orElse(0L);
        var theirs =
                session.hello()
                        .map(hello ->
                                "; " + peer + "'s copy ends at operation " + hello.position().seq())
                        .orElse("");
        return new View.Fact(
                "this copy ends at operation "
                        + here.seq()
                        + ", and operation "
                        + committedSeq
                        + " is the last one known to be on both nodes"
                        + theirs,
                Rule.R3,
                "");
    }

    /** Names exactly this bill at exactly this record and copy. */
    private String code(List<View.Fact> items) {
        var crc = new CRC32C();
        items.forEach(item -> crc.update(item.sentence().getBytes(UTF_8)));
        crc.update(rights.record().describe().getBytes(UTF_8));
        crc.update(rights.state().bootId().value().getBytes(UTF_8));
        crc.update(me.value().getBytes(UTF_8));
        var bits = crc.getValue();
        var letters = new StringBuilder();
        for (var i = 0; i < CODE_LENGTH; i++) {
            letters.append(CODE_LETTERS.charAt((int) (bits & ((1 << CODE_LETTER_BITS) - 1))));
            bits >>= CODE_LETTER_BITS;
        }
        return letters.toString();
    }

    private static CommandResult refused(Rule rule, String sentence) {
        return new CommandResult.Refused(sentence, rule, List.of());
    }
}
