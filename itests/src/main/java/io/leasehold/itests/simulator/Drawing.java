package io.leasehold.itests.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;

/**
 * The states of one production machine and the transitions between them, as the comment above that
 * machine draws them. What a run takes is compared with it: {@link Coverage}.
 */
final class Drawing {
    /** A transition, whatever event leads to it. */
    record Edge(String from, String to) {
        @Override
        public String toString() {
            return from + " -> " + to;
        }
    }

    private final String machine;
    private final Map<String, SequencedSet<String>> ways = new LinkedHashMap<>();

    private Drawing(String machine) {
        this.machine = machine;
    }

    /**
     * @param text one line for each state: the state, a colon, and where it can lead
     */
    private static Drawing of(String machine, String text) {
        var drawing = new Drawing(machine);
        for (var line : text.lines().toList()) {
            var halves = line.split(":", 2);
            var targets = new LinkedHashSet<String>(List.of(halves[1].strip().split("\\s+")));
            targets.remove("");
            drawing.ways.put(halves[0].strip(), targets);
        }
        for (var targets : drawing.ways.values()) {
            if (!drawing.ways.keySet().containsAll(targets)) {
                throw new IllegalStateException(machine + " draws a way to nowhere: " + targets);
            }
        }
        return drawing;
    }

    /** As {@code stages()} of the machines name them. */
    static List<Drawing> all() {
        return List.of(
                // Lifecycle
                of(
                        "phase",
                        """
                        Idle: Promoting Leaving Ended
                        Promoting: Leading DEPOSED-STOPPING SPLIT_BRAIN-STOPPING Ended
                        Leading: HAND_OVER-STOPPING STOP-STOPPING DISK_FAILED-STOPPING DEPOSED-STOPPING SPLIT_BRAIN-STOPPING Ended
                        HAND_OVER-STOPPING: HAND_OVER-DRAINING Leading Ended
                        HAND_OVER-DRAINING: HAND_OVER-UNMOUNTING Leading Ended
                        HAND_OVER-UNMOUNTING: HAND_OVER-DEMOTING Leading Ended
                        HAND_OVER-DEMOTING: Idle Ended
                        STOP-STOPPING: STOP-DEMOTING Ended
                        STOP-DEMOTING: Ended
                        DEPOSED-STOPPING: DEPOSED-DEMOTING Ended
                        DEPOSED-DEMOTING: Idle Ended
                        SPLIT_BRAIN-STOPPING: SPLIT_BRAIN-DEMOTING Ended
                        SPLIT_BRAIN-DEMOTING: Idle Ended
                        DISK_FAILED-STOPPING: Idle Ended
                        Leaving: Ended
                        Ended:\
                        """),
                // Membership
                of(
                        "peer",
                        """
                        UNKNOWN: ONLINE SUSPECT LOST
                        ONLINE: SUSPECT LOST UNKNOWN
                        SUSPECT: ONLINE LOST UNKNOWN
                        LOST: ONLINE SUSPECT UNKNOWN\
                        """),
                of(
                        "link",
                        """
                        UNKNOWN: UP SILENT NO_CARRIER
                        UP: WARNING SILENT NO_CARRIER UNKNOWN
                        WARNING: UP SILENT NO_CARRIER UNKNOWN
                        SILENT: UP WARNING NO_CARRIER UNKNOWN
                        NO_CARRIER: UP WARNING SILENT UNKNOWN\
                        """),
                // FencingSequence
                of(
                        "fencing",
                        """
                        IDLE: DELAYING
                        DELAYING: RUNNING IDLE
                        RUNNING: IDLE VERIFYING BACKING_OFF
                        VERIFYING: IDLE BACKING_OFF
                        BACKING_OFF: RUNNING IDLE\
                        """),
                // ResourceState
                of(
                        "resource",
                        """
                        STOPPED: STARTING STARTED
                        STARTING: STARTED STOPPING
                        STARTED: STOPPING STARTING
                        STOPPING: STOPPED BLOCKED STOP_FAILED
                        BLOCKED: STOPPED
                        STOP_FAILED:\
                        """),
                // ServiceGate
                of(
                        "gate",
                        """
                        SHUT: OPEN TO_BE_CONFIRMED PEER_SILENCE_AWAITED
                        OPEN: SHUT
                        TO_BE_CONFIRMED: SHUT PEER_SILENCE_AWAITED
                        PEER_SILENCE_AWAITED: SHUT TO_BE_CONFIRMED\
                        """),
                // EnsembleRecord
                of(
                        "ensemble",
                        """
                        QUIET: LOOKING
                        LOOKING: QUIET WRITING
                        WRITING: QUIET LOOKING UNDECIDED
                        UNDECIDED: QUIET LOOKING\
                        """),
                // ClusterRecord, as one node has it: who holds every write, and who leads
                of(
                        "record",
                        """
                        nobody: leads-alone follows-out-of-sync follows-in-sync
                        leads-both: leads-alone follows-in-sync follows-out-of-sync
                        leads-alone: leads-both follows-out-of-sync
                        follows-in-sync: leads-alone follows-out-of-sync
                        follows-out-of-sync: follows-in-sync leads-alone\
                        """),
                // record.Standing: DRBD's disk states
                of(
                        "copy",
                        """
                        INCONSISTENT: UP_TO_DATE
                        OUTDATED: UP_TO_DATE INCONSISTENT
                        CONSISTENT: UP_TO_DATE OUTDATED INCONSISTENT
                        UP_TO_DATE: CONSISTENT OUTDATED INCONSISTENT\
                        """),
                // Replication: role and what flows
                of(
                        "replication",
                        """
                        SECONDARY-OFF: PRIMARY-OFF PRIMARY-REPLAY_SOURCE PRIMARY-COMPARE_SOURCE PRIMARY-REFUSED SECONDARY-REPLAY_TARGET SECONDARY-COMPARE_TARGET
                        SECONDARY-REPLAY_TARGET: SECONDARY-OFF SECONDARY-MIRRORING SECONDARY-COMPARE_TARGET
                        SECONDARY-COMPARE_TARGET: SECONDARY-OFF SECONDARY-REPLAY_TARGET
                        SECONDARY-MIRRORING: SECONDARY-OFF SECONDARY-ESTABLISHED SECONDARY-REPLAY_TARGET SECONDARY-COMPARE_TARGET PRIMARY-OFF
                        SECONDARY-ESTABLISHED: SECONDARY-OFF SECONDARY-MIRRORING SECONDARY-REPLAY_TARGET SECONDARY-COMPARE_TARGET PRIMARY-OFF
                        PRIMARY-OFF: PRIMARY-REPLAY_SOURCE PRIMARY-COMPARE_SOURCE PRIMARY-REFUSED SECONDARY-OFF
                        PRIMARY-REFUSED: PRIMARY-OFF PRIMARY-REPLAY_SOURCE PRIMARY-COMPARE_SOURCE SECONDARY-OFF
                        PRIMARY-REPLAY_SOURCE: PRIMARY-MIRRORING PRIMARY-OFF PRIMARY-COMPARE_SOURCE PRIMARY-REFUSED SECONDARY-OFF
                        PRIMARY-COMPARE_SOURCE: PRIMARY-REPLAY_SOURCE PRIMARY-OFF SECONDARY-OFF
                        PRIMARY-MIRRORING: PRIMARY-ESTABLISHED PRIMARY-OFF PRIMARY-REPLAY_SOURCE PRIMARY-COMPARE_SOURCE PRIMARY-REFUSED SECONDARY-OFF
                        PRIMARY-ESTABLISHED: PRIMARY-MIRRORING PRIMARY-OFF PRIMARY-REPLAY_SOURCE PRIMARY-COMPARE_SOURCE PRIMARY-REFUSED SECONDARY-OFF\
                        """),
                of(
                        "completions",
                        """
                        FLOWING: FROZEN
                        FROZEN: FLOWING\
                        """),
                // SessionProtocol
                of(
                        "session",
                        """
                        NEW: HELLO
                        HELLO: IDLE ENDING CLOSED
                        IDLE: RECEIVING MISPLACED COMPARING ENDING CLOSED
                        RECEIVING: IDLE MISPLACED COMPARING ENDING CLOSED
                        MISPLACED: RECEIVING COMPARING ENDING CLOSED
                        COMPARING: IDLE ENDING CLOSED
                        ENDING: CLOSED
                        CLOSED:\
                        """));
    }

    String machine() {
        return machine;
    }

    Set<String> states() {
        return ways.keySet();
    }

    List<Edge> edges() {
        var edges = new ArrayList<Edge>();
        ways.forEach((from, targets) -> targets.forEach(to -> edges.add(new Edge(from, to))));
        return edges;
    }

    /**
     * What was taken between two states that were seen: one drawn transition, or several within one
     * step. Empty: the drawing has no way, or more than one that is shortest.
     */
    Optional<List<Edge>> way(String from, String to) {
        var arrivals = new LinkedHashMap<String, List<Edge>>();
        var ambiguous = new LinkedHashSet<String>();
        arrivals.put(from, List.of());
        var open = new ArrayDeque<String>(List.of(from));
        while (!open.isEmpty()) {
            var state = open.remove();
            var path = arrivals.getOrDefault(state, List.of());
            for (var next : ways.getOrDefault(state, new LinkedHashSet<>())) {
                var known = arrivals.get(next);
                if (known == null) {
                    var longer = new ArrayList<Edge>(path);
                    longer.add(new Edge(state, next));
                    arrivals.put(next, longer);
                    open.add(next);
                    if (ambiguous.contains(state)) {
                        ambiguous.add(next);
                    }
                } else if (known.size() == path.size() + 1) {
                    ambiguous.add(next);
                }
            }
        }
        return ambiguous.contains(to)
                ? Optional.empty()
                : Optional.ofNullable(arrivals.get(to)).filter(path -> !path.isEmpty());
    }
}
