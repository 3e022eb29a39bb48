package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.CommandAnswers.Origin;
import io.leasehold.heartbeat.controller.Phase.Purpose;
import io.leasehold.heartbeat.record.Maintenance;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standby;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a person asks for ({@link Command}): done here, forwarded to the node that it concerns, or
 * refused with the reason and its rule.
 *
 * <pre>
 *   takeover NODE        on the primary, peer ready → hand-over, answered when NODE serves
 *   standby NODE         primary: hand-over first · secondary: at once
 *   online NODE          ends the standby
 *   maintenance on|off   here at once, the peer learns it from the beats: the newer one wins
 *   cleanup [RESOURCE]   failures forgotten, blocked ones tried again
 *   fence NODE           the peer, now, without delay → answered when its power was read off
 *   confirm-fenced NODE  the peer, only if it is lost → proof P2, used at once
 *   promote --force      shows the bill; with its code → {@link ForcedPromotion}
 *   restart RESOURCE     on the primary, with all that stand on it
 * </pre>
 */
final class OperatorCommands {

    /** Commands that may wait for an answer at one time; more are refused. */
    static final int WAITING_MAX = 64;

    private final ClusterConfiguration config;
    private final NodeName me;
    private final NodeName peer;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final PeerWatch watch;
    private final PeerSession session;
    private final NodeHealth health;
    private final Evidence evidence;
    private final PeerFencing fencing;
    private final Arbitration arbitration;
    private final ForcedPromotion forced;
    private final Service service;
    private final Departure departure;
    private final PlannedMove move;
    private final Duties duties;
    private final Overview overview;
    private final CommandAnswers answers;
    private final StepTime time;
    private final Effects effects;

    OperatorCommands(
            ClusterConfiguration config,
            Lifecycle lifecycle,
            Rights rights,
            PeerWatch watch,
            PeerSession session,
            NodeHealth health,
            Evidence evidence,
            PeerFencing fencing,
            Arbitration arbitration,
            ForcedPromotion forced,
            Service service,
            Departure departure,
            PlannedMove move,
            Duties duties,
            Overview overview,
            CommandAnswers answers,
            StepTime time,
            Effects effects) {
        this.config = config;
        this.me = config.me();
        this.peer = config.peer();
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.watch = watch;
        this.session = session;
        this.health = health;
        this.evidence = evidence;
        this.fencing = fencing;
        this.arbitration = arbitration;
        this.forced = forced;
        this.service = service;
        this.departure = departure;
        this.move = move;
        this.duties = duties;
        this.overview = overview;
        this.answers = answers;
        this.time = time;
        this.effects = effects;
    }

    void obey(Origin origin, Command command) {
        if (health.volume().isEmpty()
                || fencing.operatorsWaiting() + answers.waiting() >= WAITING_MAX) {
            fail(origin, "the daemon is starting or overloaded");
            return;
        }
        switch (command) {
            case Command.Takeover(var target) -> takeover(origin, command, target);
            case Command.EnterStandby(var node, var forNanos, var reason) -> {
                if (node.equals(peer)) {
                    answers.forward(origin, command);
                } else if (isMe(origin, node)) {
                    standby(origin, forNanos, reason);
                }
            }
            case Command.GoOnline(var node) -> {
                if (node.equals(peer)) {
                    answers.forward(origin, command);
                } else if (isMe(origin, node)) {
                    online(origin);
                }
            }
            case Command.SetMaintenance(var on) -> setMaintenance(origin, on);
            case Command.Cleanup(var resource) -> cleanup(origin, resource);
            case Command.Fence(var node) -> {
                if (isPeer(origin, node, "a node is not fenced by itself: say it on " + peer)) {
                    fence(origin);
                }
            }
            case Command.ConfirmFenced(var node) -> {
                if (isPeer(origin, node, "it answers, so it is not off")) {
                    confirmFenced(origin);
                }
            }
            case Command.ForcePromotion(var code) -> answers.answer(origin, forced.order(code));
            case Command.Restart(var resource, var reason) ->
                    restart(origin, command, resource, reason);
        }
    }

    // ---------------------------------------------------------------- planned moves

    private void takeover(Origin origin, Command command, NodeName target) {
        if (target.equals(me)) {
            takeoverByMe(origin, command);
        } else if (!target.equals(peer)) {
            isMe(origin, target);
        } else if (lifecycle.phase() instanceof Phase.Leading) {
            beginMove(origin, "an operator asked for a takeover by " + peer, false);
        } else if (watch.leads()) {
            done(origin, peer + " is primary already");
        } else {
            refuseByChecks(origin, "a takeover now is not possible");
        }
    }

    private void takeoverByMe(Origin origin, Command command) {
        if (lifecycle.isWriter()) {
            done(origin, me + " is primary already");
        } else if (watch.leads() && session.isOpen()) {
            answers.forward(origin, command);
        } else {
            refuse(origin, Rule.R6, "there is no primary to take over from: " + overview.verdict());
        }
    }

    private void standby(Origin origin, OptionalLong forNanos, String reason) {
        var until =
                forNanos.isPresent()
                        ? OptionalLong.of(
                                time.wallClock()
                                        .epochMillisAt(time.nowNanos() + forNanos.getAsLong()))
                        : OptionalLong.empty();
        var wanted = rights.state().withStandby(Optional.of(new Standby(until, reason)));
        switch (lifecycle.phase()) {
            case Phase.Leading _ -> {
                if (beginMove(origin, me + " goes to standby: " + reason, true)) {
                    rights.save(wanted);
                }
            }
            case Phase.Idle() -> {
                effects.note("operator", Rule.POLICY, me + " is in standby", reason);
                rights.save(wanted);
                done(origin, me + " is in standby: it replicates, but would not take over");
            }
            case Phase.Promoting _, Phase.Departing _, Phase.Leaving _, Phase.Ended _ ->
                    fail(origin, me + " is changing its role; try again");
        }
    }

    private boolean beginMove(Origin origin, String why, boolean standbySet) {
        if (!overview.isReady()) {
            refuseByChecks(origin, "the service stays on " + me);
            return false;
        }
        move.begin(origin, standbySet);
        departure.begin(Purpose.HAND_OVER, why);
        return true;
    }

    private void online(Origin origin) {
        effects.note("operator", Rule.POLICY, me + " is online", "asked by an operator");
        rights.save(rights.state().withStandby(Optional.empty()));
        done(origin, me + " may serve again");
    }

    // ---------------------------------------------------------------- maintenance, cleanup,
    // restart

    private void setMaintenance(Origin origin, boolean on) {
        maintenance(rights.state().maintenance().changedTo(on));
        done(
                origin,
                "maintenance is "
                        + (on ? "on" : "off")
                        + (watch.isOnline() ? "" : "; " + peer + " learns it when it is heard"));
    }

    /** Also said in every beat: the newer word of the two nodes counts. */
    void heard(Maintenance theirs) {
        if (theirs.version() > rights.state().maintenance().version()) {
            maintenance(theirs);
        }
    }

    private void maintenance(Maintenance next) {
        effects.note(
                "operator",
                Rule.POLICY,
                "maintenance is " + (next.on() ? "on" : "off"),
                next.on()
                        ? "no monitoring, no automatic moves, no automatic fencing"
                        : "asked by an operator");
        rights.save(rights.state().withMaintenance(next));
        service.monitor(!next.on());
    }

    private void cleanup(Origin origin, Optional<ResourceName> resource) {
        var known =
                config.resources().stream()
                        .map(ResourceConfiguration::name)
                        .collect(Collectors.toSet());
        if (resource.isPresent() && !known.contains(resource.get())) {
            refuse(
                    origin,
                    Rule.POLICY,
                    "there is no resource " + resource.get() + "; there are " + sorted(known));
            return;
        }
        effects.note("operator", Rule.POLICY, "failures are forgotten", "asked by an operator");
        service.cleanup(resource.map(Set::of).orElse(known));
        evidence.acknowledged();
        done(origin, "failures on " + me + " are forgotten");
    }

    private static String sorted(Set<ResourceName> names) {
        return new TreeSet<>(names)
                .stream().map(ResourceName::value).collect(Collectors.joining(", "));
    }

    private void restart(Origin origin, Command command, ResourceName resource, String reason) {
        if (watch.leads()) {
            answers.forward(origin, command);
        } else if (!(lifecycle.phase() instanceof Phase.Leading)
                || config.resources().stream().noneMatch(known -> known.name().equals(resource))
                || resource.equals(config.mount().name())) {
            refuse(
                    origin,
                    Rule.POLICY,
                    resource + " does not run on " + me + " or cannot be restarted alone");
        } else {
            effects.note("operator", Rule.ORDER, resource + " is restarted", reason);
            service.restart(resource);
            done(origin, resource + " is being restarted");
        }
    }

    // ---------------------------------------------------------------- fencing

    private void fence(Origin origin) {
        if (fencing.isConfigured()) {
            fencing.byOperator(origin);
        } else {
            refuse(origin, Rule.R34, "no fence device is configured");
        }
    }

    private void confirmFenced(Origin origin) {
        if (watch.isLost() && session.isOpen()) {
            refuse(
                    origin,
                    Rule.R37,
                    "the replication session with "
                            + peer
                            + " is still open: if "
                            + peer
                            + " has no power, it ends within seconds; say it again then");
            return;
        }
        if (!watch.isLost()) {
            refuse(
                    origin,
                    Rule.R19,
                    peer
                            + " is not known to be silent ("
                            + watch.reason()
                            + "): a node that is heard is not off");
            return;
        }
        effects.note(
                "operator",
                Rule.R19,
                "an operator asserts that " + peer + " is powered off",
                "clusterctl confirm-fenced");
        evidence.isAssertedOff(
                new Proof.PowerAssertedOff(
                        rights.record().epoch(),
                        rights.record().gen(),
                        "an operator confirmed that " + peer + " is powered off"),
                watch.bootId());
        duties.useProof();
        if (lifecycle.isWriter()) {
            done(origin, arbitration.lastWin());
        } else {
            fail(origin, "noted, but " + me + " may not serve all the same: " + overview.verdict());
        }
    }

    // ---------------------------------------------------------------- answers

    private boolean isMe(Origin origin, NodeName node) {
        if (!node.equals(me)) {
            refuse(origin, Rule.POLICY, "there is no node " + node + " in this pair");
        }
        return node.equals(me);
    }

    private boolean isPeer(Origin origin, NodeName node, String ifMe) {
        if (node.equals(peer)) {
            return true;
        }
        if (isMe(origin, node)) {
            refuse(origin, Rule.R34, me + ": " + ifMe);
        }
        return false;
    }

    private void done(Origin origin, String sentence) {
        answers.answer(origin, new CommandResult.Done(sentence));
    }

    private void fail(Origin origin, String sentence) {
        answers.answer(origin, new CommandResult.Failed(sentence));
    }

    private void refuse(Origin origin, Rule rule, String sentence) {
        answers.answer(origin, new CommandResult.Refused(sentence, rule, List.of()));
    }

    private void refuseByChecks(Origin origin, String what) {
        var failed = overview.obstacles();
        answers.answer(
                origin,
                new CommandResult.Refused(
                        what
                                + ": "
                                + failed.stream()
                                        .map(View.Check::sentence)
                                        .collect(Collectors.joining("; ")),
                        failed.isEmpty() ? Rule.R17 : failed.getFirst().rule(),
                        failed));
    }
}
