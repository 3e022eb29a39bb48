package io.leasehold.ops.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.heartbeat.controller.View;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.zookeeper.Ensemble.Published;
import io.leasehold.ops.control.FleetView;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the nodes of many pairs say of themselves beside their records, and what follows from it for
 * each pair. It is information only: nothing decides by it.
 */
final class Fleet {
    private static final Logger log = LoggerFactory.getLogger(Fleet.class);

    /** Said anew every {@link EnsembleLink#STATEMENT_INTERVAL}; several may be lost. */
    private static final Duration SILENT_AFTER = Duration.ofSeconds(30);

    private static final int VERDICT_CHARACTERS_MAX = 400;

    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private Fleet() {}

    /** What is written into a node's znode, as JSON: later versions may add to it. */
    record Statement(
            String verdict,
            String level,
            String primary,
            List<String> inSync,
            long epoch,
            long epochMillis) {
        Statement {
            inSync = List.copyOf(inSync);
        }
    }

    static String statement(View view, NodeName self, InstantSource clock) {
        var record = view.record();
        var verdict = view.verdict();
        try {
            return JSON.writeValueAsString(
                    new Statement(
                            verdict.length() > VERDICT_CHARACTERS_MAX
                                    ? verdict.substring(0, VERDICT_CHARACTERS_MAX)
                                    : verdict,
                            view.level().name().toLowerCase(Locale.ROOT),
                            record.primary().map(NodeName::value).orElse(""),
                            record.inSync().stream().map(NodeName::value).toList(),
                            record.epoch().value(),
                            clock.millis()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a statement of " + self + " is plain data", e);
        }
    }

    /** One line per pair, by the word of its primary if that is fresh, else by the newest word. */
    static FleetView view(List<Published> published, InstantSource clock) {
        var now = clock.millis();
        var byPair = new TreeMap<String, List<FleetView.Pair>>();
        for (var each : published) {
            read(each)
                    .ifPresent(said ->
                            byPair.computeIfAbsent(each.pair(), _ -> new ArrayList<>())
                                    .add(pair(each, said, now)));
        }
        return new FleetView(
                byPair.values().stream()
                        .map(said ->
                                said.stream()
                                        .min(
                                                Comparator.comparing(Fleet::isSilent)
                                                        .thenComparing(pair -> !isByPrimary(pair))
                                                        .thenComparing(FleetView.Pair::ageMillis))
                                        .orElseThrow())
                        .toList());
    }

    private static FleetView.Pair pair(Published each, Statement said, long nowMillis) {
        var ageMillis = Math.max(0, nowMillis - said.epochMillis());
        return new FleetView.Pair(
                each.pair(),
                said.verdict(),
                ageMillis > SILENT_AFTER.toMillis() ? "silent" : said.level(),
                Optional.of(said.primary()).filter(name -> !name.isEmpty()),
                said.inSync(),
                said.epoch(),
                each.node(),
                ageMillis);
    }

    private static boolean isSilent(FleetView.Pair pair) {
        return pair.level().equals("silent");
    }

    private static boolean isByPrimary(FleetView.Pair pair) {
        return pair.primary().filter(pair.saidBy()::equals).isPresent();
    }

    private static Optional<Statement> read(Published each) {
        try {
            return Optional.of(JSON.readValue(each.text(), Statement.class));
        } catch (JsonProcessingException | IllegalArgumentException | NullPointerException e) {
            log.debug(
                    "{} of {} says nothing readable: {}", each.node(), each.pair(), e.getMessage());
            return Optional.empty();
        }
    }
}
