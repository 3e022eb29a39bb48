package io.leasehold.ops.node;

import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.zookeeper.Ensemble;
import io.leasehold.heartbeat.zookeeper.EnsembleUnreachableException;
import io.leasehold.ops.witness.EnsembleSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The node's connection to the ensemble that keeps its record, if one is configured. */
final class EnsembleLink implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EnsembleLink.class);

    /** How often a node says how it is, for {@code clusterctl fleet}. */
    static final Duration STATEMENT_INTERVAL = Duration.ofSeconds(5);

    private final String self;
    private final Optional<Ensemble> ensemble;
    private final Optional<QuorumWatch> quorum;
    private final ScheduledExecutorService publisher =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("ensemble-statement").daemon().factory());

    private EnsembleLink(String self, Optional<Ensemble> ensemble, Optional<QuorumWatch> quorum) {
        this.self = self;
        this.ensemble = ensemble;
        this.quorum = quorum;
        quorum.ifPresent(watch -> {
            var _ =
                    publisher.scheduleWithFixedDelay(
                            watch::look,
                            QuorumWatch.INTERVAL.toMillis(),
                            QuorumWatch.INTERVAL.toMillis(),
                            TimeUnit.MILLISECONDS);
        });
    }

    /**
     * Begins to connect if there is an ensemble; what is heard goes to {@code events}.
     *
     * @throws IOException a key or certificate is missing or wrong
     */
    static EnsembleLink of(Settings settings, Consumer<Event> events) throws IOException {
        var configuration = settings.configuration();
        if (configuration.zookeeper().isEmpty()) {
            return new EnsembleLink(settings.self().value(), Optional.empty(), Optional.empty());
        }
        var access = EnsembleSettings.access(configuration, settings.self());
        return new EnsembleLink(
                settings.self().value(),
                Optional.of(
                        Ensemble.connect(
                                access,
                                configuration.cluster().name(),
                                heard -> events.accept(new Event.EnsembleHeard(heard)))),
                QuorumWatch.of(settings));
    }

    /** What would keep this node from a takeover that the ensemble has to decide (R13). */
    Optional<String> complaint() {
        return quorum.flatMap(QuorumWatch::complaint);
    }

    boolean isPresent() {
        return ensemble.isPresent();
    }

    void ask(EnsembleRequest request) {
        ensemble.orElseThrow(() -> new IllegalStateException("no ensemble is configured"))
                .ask(request);
    }

    /** From now on says what {@code statement} gives, again and again. */
    void publish(Supplier<String> statement) {
        ensemble.ifPresent(to -> {
            var _ =
                    publisher.scheduleWithFixedDelay(
                            () -> publish(to, statement),
                            1_000,
                            STATEMENT_INTERVAL.toMillis(),
                            TimeUnit.MILLISECONDS);
        });
    }

    private void publish(Ensemble to, Supplier<String> statement) {
        try {
            to.publish(self, statement.get());
        } catch (RuntimeException e) {
            // What escapes from here would be the last statement of this process.
            log.error("this node's statement for `clusterctl fleet` could not be made", e);
        }
    }

    List<Ensemble.Published> published() throws EnsembleUnreachableException, InterruptedException {
        return ensemble.orElseThrow(() -> new IllegalStateException("no ensemble is configured"))
                .published();
    }

    @Override
    public void close() {
        publisher.shutdownNow();
        ensemble.ifPresent(Ensemble::close);
    }
}
