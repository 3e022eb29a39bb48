package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.View.Check;
import io.leasehold.heartbeat.controller.View.Fact;
import io.leasehold.heartbeat.controller.View.Level;
import io.leasehold.heartbeat.fencing.FencingSequence;
import io.leasehold.heartbeat.membership.PeerState;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Says in plain words how things are. */
final class Narrator {

    private record Verdict(Level level, String sentence) {}

    private Narrator() {}

    static View tell(Situation s) {
        var ready = ReadyChecks.of(s);
        var verdict = verdict(s, ready);
        var sentence =
                s.state().maintenance().on()
                        ? verdict.sentence() + " Maintenance is on: nothing moves by itself."
                        : verdict.sentence();
        return new View(
                s.config().cluster(),
                sentence,
                verdict.level(),
                why(s),
                ready,
                s.state().record(),
                s.state().maintenance().on(),
                s.config().nodes().stream()
                        .map(name -> name.equals(s.me()) ? self(s) : peer(s))
                        .toList(),
                s.links(),
                s.resources().stream()
                        .map(resource ->
                                new View.Resource(
                                        resource.name(),
                                        resource.state(),
                                        resource.failures(),
                                        resource.remark()))
                        .toList(),
                s.volume(),
                new View.Gate(s.gateUntilNanos()),
                s.alarms());
    }

    private static Verdict verdict(Situation s, List<Check> ready) {
        return switch (s.role()) {
            case PRIMARY -> primary(s, ready);
            case SECONDARY -> secondary(s, ready);
            case PROMOTING ->
                    new Verdict(
                            Level.RECOVERING,
                            s.me()
                                    + " is becoming primary of epoch "
                                    + s.state().record().epoch()
                                    + ".");
            case HANDING_OVER ->
                    new Verdict(Level.RECOVERING, s.me() + " stops serving in an orderly way.");
            case WAITING -> waiting(s);
            case STOPPED -> new Verdict(Level.DEGRADED, s.me() + " does not take part any more.");
        };
    }

    private static Verdict primary(Situation s, List<Check> ready) {
        if (s.blocked()) {
            return new Verdict(
                    Level.DOWN,
                    "Nobody serves: the service does not run on "
                            + s.me()
                            + ", and the other node could not do better. See its log, then say"
                            + " 'clusterctl cleanup'.");
        }
        if (s.silenceAwaited()) {
            return new Verdict(
                    Level.RECOVERING,
                    s.me()
                            + " won the record and waits until the serving lease of "
                            + s.peer()
                            + " has run out (R9).");
        }
        if (!s.allStarted()) {
            return new Verdict(Level.RECOVERING, s.me() + " is primary and starts the service.");
        }
        if (s.shrinkWanted() || s.volume().map(VolumeStatus::writesWaiting).orElse(false)) {
            return new Verdict(
                    s.alarms().isEmpty() ? Level.RECOVERING : Level.DOWN,
                    s.me()
                            + " does not answer clients: writes are frozen until "
                            + s.peer()
                            + " acknowledges or is fenced (R4).");
        }
        if (s.gateUntilNanos().isEmpty()) {
            return new Verdict(
                    s.alarms().isEmpty() ? Level.RECOVERING : Level.DOWN,
                    s.me() + " is primary but silent: its serving lease is not confirmed (R9).");
        }
        if (s.state().record().isSole(s.me())) {
            return new Verdict(
                    Level.DEGRADED,
                    s.me()
                            + " serves alone since "
                            + s.wallClock().hourMinute(s.lastWinNanos())
                            + ": "
                            + (s.lastWin().isEmpty() ? "it holds the solo permit" : s.lastWin())
                            + ". "
                            + returning(s)
                            + "A crash now would stop DHCP.");
        }
        return withPeer(ready, s.me() + " serves; " + s.peer());
    }

    private static Verdict secondary(Situation s, List<Check> ready) {
        var serving = s.peerSaid().map(Announcement::serving).orElse(false);
        if (s.state().record().isInSync(s.me()) && s.state().standing() == Standing.UP_TO_DATE) {
            return serving
                    ? withPeer(ready, s.peer() + " serves; " + s.me())
                    : new Verdict(
                            Level.RECOVERING,
                            s.peer() + " is primary but does not serve just now.");
        }
        return new Verdict(
                serving ? Level.DEGRADED : Level.RECOVERING,
                s.peer()
                        + (serving ? " serves alone; " : " is primary; ")
                        + s.me()
                        + " is not in sync. "
                        + returning(s)
                        + "A crash of "
                        + s.peer()
                        + " now would stop DHCP.");
    }

    private static Verdict withPeer(List<Check> ready, String start) {
        var obstacle = ready.stream().filter(Check::isObstacle).findFirst();
        if (obstacle.isPresent()) {
            return new Verdict(
                    Level.DEGRADED,
                    start
                            + " is in sync, but a takeover now is not possible: "
                            + obstacle.get().sentence()
                            + ".");
        }
        return ready.stream()
                .filter(check -> !check.ok())
                .findFirst()
                .map(doubt ->
                        new Verdict(
                                Level.DEGRADED,
                                start
                                        + " could take over, but "
                                        + doubt.sentence()
                                        + " ("
                                        + doubt.rule()
                                        + ")."))
                .orElseGet(() ->
                        new Verdict(
                                Level.GOOD,
                                start + " is in sync: a takeover now would lose nothing."));
    }

    private static String returning(Situation s) {
        var refusal = s.volume().flatMap(VolumeStatus::refusal);
        if (refusal.isPresent()) {
            return s.peer() + " is not synced: " + refusal.get() + ". ";
        }
        var resync = s.volume().flatMap(VolumeStatus::resync);
        if (resync.isPresent()) {
            var total = Math.max(1, resync.get().totalBytes());
            return "A resync is under way ("
                    + resync.get().phase()
                    + ", "
                    + 100 * Math.min(total, resync.get().doneBytes()) / total
                    + " %). ";
        }
        if (s.peerState() != PeerState.ONLINE) {
            return s.peer() + " is not heard. ";
        }
        if (!s.sessionOpen()) {
            return "There is " + s.noSession() + ". ";
        }
        return hasPeerNoDisk(s)
                ? "The disk of %s failed or is full: 'clusterctl status' there says what to do (R32). "
                        .formatted(s.peer())
                : "The volumes are being made equal. ";
    }

    private static boolean hasPeerNoDisk(Situation s) {
        return s.peerSaid()
                .filter(said -> said.standing() == Standing.INCONSISTENT && !said.healthy())
                .isPresent();
    }

    private static Verdict waiting(Situation s) {
        if (!s.alarms().isEmpty()) {
            return new Verdict(
                    Level.DOWN, "Nobody is known to serve: " + s.alarms().getLast() + ".");
        }
        return switch (s.peerState()) {
            case LOST -> lost(s);
            case UNKNOWN ->
                    new Verdict(Level.RECOVERING, s.me() + " has just started and listens.");
            case ONLINE, SUSPECT ->
                    new Verdict(
                            Level.RECOVERING,
                            s.sessionOpen()
                                    ? "Both nodes meet and agree who leads."
                                    : s.me()
                                            + " hears "
                                            + s.peer()
                                            + " and waits for the replication session.");
        };
    }

    private static Verdict lost(Situation s) {
        return switch (s.fencingPhase()) {
            case DELAYING, RUNNING, VERIFYING, BACKING_OFF ->
                    new Verdict(
                            Level.RECOVERING,
                            s.peer() + " is lost; " + s.me() + " is " + s.fencingText() + ".");
            case IDLE ->
                    new Verdict(
                            Level.DOWN,
                            "Nobody is known to serve: "
                                    + s.peer()
                                    + " is lost, and "
                                    + mayNot(s)
                                    + ".");
        };
    }

    private static String mayNot(Situation s) {
        var me = s.me();
        if (s.state().maintenance().on()) {
            return "in maintenance " + me + " does not take over by itself";
        }
        if (s.state().standby().isPresent()) {
            return me + " is in standby";
        }
        if (s.state().record().mode() != s.config().mode()) {
            return "the record still belongs to arbiter " + s.state().record().mode() + " (R12)";
        }
        return switch (s.state().standing()) {
            case UP_TO_DATE ->
                    s.state().record().isInSync(me)
                            ? me + " waits for the proof that it is off (R34)"
                            : me + " is not in sync (R6)";
            case CONSISTENT ->
                    me
                            + " was powered on without having met it and holds no solo permit"
                            + " (R18, R20)";
            case OUTDATED -> me + " is outdated: it may lack acknowledged leases (R7)";
            case INCONSISTENT -> me + "'s copy is not usable (R31)";
        };
    }

    private static List<Fact> why(Situation s) {
        var facts = new ArrayList<Fact>();
        for (var alarm : s.alarms()) {
            facts.add(new Fact(alarm, Rule.POLICY, "a person must look"));
        }
        facts.add(
                new Fact(
                        "the record: "
                                + s.state().record().describe()
                                + (s.state().holdsPermit() ? ", solo permit here" : ""),
                        s.state().holdsPermit() ? Rule.R20 : Rule.R6,
                        s.state().record().inSync().size() == 2
                                ? ""
                                : "the other node enters inSync once its copy is equal (R10)"));
        s.peerSaid()
                .filter(_ -> s.peerState() != PeerState.LOST)
                .map(Announcement::epoch)
                .filter(theirs -> theirs.isAfter(s.state().record().epoch()))
                .ifPresent(theirs ->
                        facts.add(
                                new Fact(
                                        "the record here is an old one: "
                                                + s.peer()
                                                + "'s is of epoch "
                                                + theirs,
                                        Rule.R2,
                                        "the replication session brings the newer one")));
        if (s.state().record().primary().isPresent()
                && s.state().record().mode() != s.config().mode()) {
            facts.add(
                    new Fact(
                            "the record belongs to arbiter "
                                    + s.state().record().mode()
                                    + ", but "
                                    + s.me()
                                    + " is configured for "
                                    + s.config().mode()
                                    + ": it decides nothing",
                            Rule.R12,
                            s.state().record().mode() == ArbitrationMode.ZOOKEEPER
                                    ? "both nodes meeting under the new arbiter, with an ensemble"
                                            + " that closes its record: leave 'zookeeper' in the"
                                            + " files until then"
                                    : "both nodes meeting under the new arbiter"));
        }
        if (s.state().forcedEpochs().contains(s.state().record().epoch())) {
            facts.add(
                    new Fact(
                            "epoch "
                                    + s.state().record().epoch()
                                    + " was forced by an operator: leases that were acknowledged"
                                    + " before it may be missing",
                            Rule.R21,
                            ""));
        } else if (!s.state().forcedEpochs().isEmpty()) {
            facts.add(
                    new Fact(
                            "epochs that an operator forced: " + s.state().forcedEpochs(),
                            Rule.R21,
                            ""));
        }
        if (!s.lastWin().isEmpty()) {
            facts.add(new Fact("the last change: " + s.lastWin(), Rule.R40, ""));
        }
        s.ensemble()
                .ifPresent(ensemble ->
                        facts.add(
                                new Fact(
                                        "the arbiter is zookeeper: " + ensemble.sentence(),
                                        ensemble.connected() ? Rule.R14 : Rule.R13,
                                        ensemble.connected()
                                                ? ""
                                                : "two of its three members that reach each other;"
                                                        + " until then nothing can fail over")));
        if (s.silenceAwaited()) {
            facts.add(
                    new Fact(
                            s.me() + " won the record and waits before it serves",
                            Rule.R9,
                            "the end of " + s.peer() + "'s serving lease, or a fence"));
        }
        facts.add(
                new Fact(
                        "the copy on " + s.me() + " is " + s.state().standing(),
                        Rule.R18,
                        switch (s.state().standing()) {
                            case UP_TO_DATE -> "";
                            case CONSISTENT -> "meeting " + s.peer() + " decides what it is worth";
                            case OUTDATED -> "a resync from the primary, then the grow";
                            case INCONSISTENT -> "a whole resync onto a disk that works";
                        }));
        if (s.isFoundDifferent()) {
            facts.add(
                    new Fact(
                            "the copies were found to differ: a takeover makes the other one the one"
                                    + " that counts",
                            Rule.R10,
                            "'clusterctl volume resync' on the primary, when its copy is the right"
                                    + " one"));
        }
        facts.add(
                new Fact(
                        s.peer() + " is " + s.peerState() + ": " + s.peerReason(),
                        Rule.R37,
                        s.peerState() == PeerState.ONLINE
                                ? ""
                                : "its beats on any link would make it online"));
        facts.add(
                new Fact(
                        s.sessionOpen()
                                ? "the replication session is open"
                                : "there is " + s.noSession(),
                        Rule.R2,
                        s.sessionOpen() ? "" : "both nodes must reach each other's volume"));
        if (s.fencingPhase() != FencingSequence.Phase.IDLE) {
            facts.add(
                    new Fact(
                            "fencing: " + s.fencingText(),
                            Rule.R34,
                            "a beat of "
                                    + s.peer()
                                    + " voids it; 'clusterctl confirm-fenced' ends it"));
        }
        s.state()
                .standby()
                .ifPresent(standby ->
                        facts.add(
                                new Fact(
                                        s.me() + " is in standby: " + standby.reason(),
                                        Rule.POLICY,
                                        "'clusterctl online " + s.me() + "'")));
        if (s.state().maintenance().on()) {
            facts.add(
                    new Fact(
                            "maintenance is on: nothing is monitored, moved or fenced by itself",
                            Rule.POLICY,
                            "'clusterctl maintenance off'"));
        }
        if (!s.clientNetworkUp()) {
            facts.add(
                    new Fact(
                            "a tracked interface of " + s.me() + " has no carrier",
                            Rule.POLICY,
                            "its carrier; until then the other node is better"));
        }
        for (var resource : s.resources()) {
            if (resource.failures() > 0) {
                facts.add(
                        new Fact(
                                resource.name()
                                        + " failed "
                                        + resource.failures()
                                        + " times here: "
                                        + resource.remark(),
                                Rule.POLICY,
                                "'clusterctl cleanup " + resource.name() + "', or time"));
            }
        }
        return List.copyOf(facts);
    }

    private static View.Node self(Situation s) {
        return new View.Node(
                s.me(),
                true,
                Optional.empty(),
                s.role(),
                Optional.of(s.state().standing()),
                s.state().record().isInSync(s.me()),
                s.gateUntilNanos().isPresent(),
                s.state().standby().isPresent(),
                s.clientNetworkUp(),
                !s.blocked(),
                OptionalLong.empty(),
                s.state().standby().map(standby -> "standby: " + standby.reason()).orElse(""));
    }

    private static View.Node peer(Situation s) {
        var said = s.peerSaid();
        var heard = s.peerState() != PeerState.LOST;
        return new View.Node(
                s.peer(),
                false,
                Optional.of(s.peerState()),
                heard ? said.map(Announcement::role).orElse(Role.WAITING) : Role.STOPPED,
                s.peerStanding(),
                s.state().record().isInSync(s.peer()),
                heard && said.map(Announcement::serving).orElse(false),
                said.map(Announcement::standby).orElse(false),
                said.map(Announcement::clientNetworkUp).orElse(true),
                said.map(Announcement::healthy).orElse(true),
                s.peerSilentNanos(),
                s.peerReason());
    }
}
