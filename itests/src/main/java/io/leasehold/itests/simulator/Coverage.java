package io.leasehold.itests.simulator;

import io.leasehold.blockrep.replication.Replication;
import io.leasehold.blockrep.session.Input;
import io.leasehold.heartbeat.controller.ClusterMessage;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.record.Rule;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which of the transitions that {@link Drawing} has were taken in all histories of a run, by which
 * kinds of events, and which rules were named for a decision.
 *
 * <p>A machine is looked at before and after each step. If a step passes several states, each
 * transition on the shortest way is counted, if there is only one such way.
 */
final class Coverage {
    /** A drawn transition, how often it was taken, and after which events. */
    record Taken(Drawing.Edge edge, long times, Map<String, Long> byEvent) {}

    /** What is known of one machine. */
    record Usage(String name, List<Taken> drawn, Map<Drawing.Edge, Long> notDrawn) {
        List<Drawing.Edge> untaken() {
            return drawn.stream().filter(taken -> taken.times() == 0).map(Taken::edge).toList();
        }

        long covered() {
            return drawn.stream().filter(taken -> taken.times() > 0).count();
        }
    }

    private final Map<String, Drawing> drawings = new LinkedHashMap<>();
    private final Map<String, Map<Drawing.Edge, Map<String, Long>>> moves = new LinkedHashMap<>();
    private final Map<Rule, Long> rules = new EnumMap<>(Rule.class);

    Coverage() {
        for (var drawing : Drawing.all()) {
            drawings.put(drawing.machine(), drawing);
        }
        for (var rule : Rule.values()) {
            rules.put(rule, 0L);
        }
    }

    /** The machines of a controller, before and after a step. */
    void stepped(Map<String, String> before, Map<String, String> after, Event event) {
        before.forEach((machine, from) -> {
            var to = after.get(machine);
            if (to != null && !to.equals(from)) {
                // "link lan" and "link crossover" are two machines of one drawing.
                moved(machine.split(" ", 2)[0], from, to, nameOf(event));
            }
        });
    }

    void decided(Rule rule) {
        rules.merge(rule, 1L, Long::sum);
    }

    void moved(String machine, String from, String to, String event) {
        if (!from.equals(to)) {
            moves.computeIfAbsent(machine, _ -> new LinkedHashMap<>())
                    .computeIfAbsent(new Drawing.Edge(from, to), _ -> new TreeMap<>())
                    .merge(event, 1L, Long::sum);
        }
    }

    static String stateOf(Replication machine) {
        return machine.role() + "-" + machine.state();
    }

    static String completionsOf(Replication machine) {
        return machine.frozenSinceNanos().isPresent() ? "FROZEN" : "FLOWING";
    }

    static String nameOf(Object event) {
        return switch (event) {
            case Event.PeerMessage(_, ClusterMessage message) -> message.getClass().getSimpleName();
            case Event.CommandReceived(_, var command) -> command.getClass().getSimpleName();
            case Input.Arrived(var envelope) -> envelope.frame().getClass().getSimpleName();
            default -> event.getClass().getSimpleName();
        };
    }

    /** Rules that no decision of the run named. */
    List<Rule> rulesNotNamed() {
        return rules.entrySet().stream()
                .filter(entry -> entry.getValue() == 0)
                .map(Map.Entry::getKey)
                .toList();
    }

    List<Usage> machines() {
        var machines = new ArrayList<Usage>();
        for (var drawing : drawings.values()) {
            var byEvents = new LinkedHashMap<Drawing.Edge, Map<String, Long>>();
            drawing.edges().forEach(edge -> byEvents.put(edge, new TreeMap<>()));
            var notDrawn = new LinkedHashMap<Drawing.Edge, Long>();
            moves.getOrDefault(drawing.machine(), Map.of())
                    .forEach((seen, events) -> {
                        var way = drawing.way(seen.from(), seen.to());
                        if (way.isEmpty()) {
                            notDrawn.put(
                                    seen,
                                    events.values().stream().mapToLong(Long::longValue).sum());
                            return;
                        }
                        for (var edge : way.get()) {
                            var byEvent = byEvents.computeIfAbsent(edge, _ -> new TreeMap<>());
                            events.forEach(
                                    (event, times) -> byEvent.merge(event, times, Long::sum));
                        }
                    });
            var drawn =
                    byEvents.entrySet().stream()
                            .map(entry ->
                                    new Taken(
                                            entry.getKey(),
                                            entry.getValue().values().stream()
                                                    .mapToLong(Long::longValue)
                                                    .sum(),
                                            entry.getValue()))
                            .toList();
            machines.add(new Usage(drawing.machine(), drawn, notDrawn));
        }
        return machines;
    }
}
