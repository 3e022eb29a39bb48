package io.leasehold.dhcp.engine;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.config.ConfigurationWatch;
import io.leasehold.dhcp.config.Generation;
import io.leasehold.dhcp.config.Generations;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Starts dhcpd on the accepted generation, and takes that generation back if dhcpd does not start
 * with it although it started with another one before: {@code dhcpd -t} knows neither interfaces
 * nor addresses nor ports. Of a silence while writes waited for the peer (R4) nothing follows:
 * dhcpd writes its lease file anew when it starts, whatever its configuration.
 *
 * <p>One thread at a time.
 */
public final class ConfigurationRollout {

    /** What became of it. */
    public sealed interface Result {

        /** dhcpd serves with the accepted generation. */
        record Applied(StartResult.Started started) implements Result {}

        /**
         * dhcpd did not start with it, and serves with the one before again.
         *
         * @param inForce the text of before under a new number
         * @param findings why
         */
        record TakenBack(
                Generation failed,
                Generation inForce,
                StartResult.Started started,
                List<Finding> findings)
                implements Result {
            public TakenBack {
                findings = List.copyOf(findings);
            }
        }

        /**
         * dhcpd does not run: not with the accepted one, and not with one before, which was tried
         * unless there is none or the volume may have held dhcpd up.
         *
         * @param silent as in {@link StartResult.NotStarted}, of the last attempt
         */
        record Failed(List<Finding> findings, boolean silent) implements Result {
            public Failed {
                findings = List.copyOf(findings);
            }
        }
    }

    private final DhcpdEngine engine;
    private final Generations generations;
    private final Supplier<OptionalLong> lastHeldUpNanos;
    private final LongSupplier nanoTime;

    /** The last one with which dhcpd was seen to serve. */
    private Optional<Generation> proven = Optional.empty();

    /**
     * @param lastHeldUpNanos when the peer last kept writes to the volume waiting, by {@code
     *     nanoTime}; empty: never
     */
    public ConfigurationRollout(
            DhcpdEngine engine,
            Generations generations,
            Supplier<OptionalLong> lastHeldUpNanos,
            LongSupplier nanoTime) {
        this.engine = engine;
        this.generations = generations;
        this.lastHeldUpNanos = lastHeldUpNanos;
        this.nanoTime = nanoTime;
    }

    /**
     * dhcpd was found serving, started by a daemon before this one.
     *
     * @return whether it runs on the accepted generation. If not, that daemon ended between the
     *     acceptance of an edit and the restart that applies it: stop dhcpd, and {@link #start}
     */
    public boolean adopted() throws IOException {
        var accepted = generations.accepted().generation();
        var running = engine.generation();
        if (running.isEmpty()
                || accepted.isEmpty()
                || accepted.get().number() == running.getAsLong()) {
            proven = accepted;
            return true;
        }
        proven =
                generations.list().stream()
                        .filter(generation -> generation.number() == running.getAsLong())
                        .findFirst();
        return false;
    }

    /**
     * Blocks until dhcpd serves, or does not.
     *
     * @param watch is told if the generation is taken back, so that the text is not tried again
     */
    public Result start(ConfigurationWatch watch) throws IOException {
        var wanted = generations.accepted().generation();
        long begunNanos = nanoTime.getAsLong();
        var result = engine.start();
        for (var now = generations.accepted().generation();
                !now.equals(wanted);
                now = generations.accepted().generation()) {
            // An edit was accepted after dhcpd had read the file, and whoever edits leaves it to
            // the start that is under way. Each time takes another edit of a person.
            wanted = now;
            result = engine.restart();
        }
        return switch (result) {
            case StartResult.Started started -> {
                proven = wanted;
                yield new Result.Applied(started);
            }
            case StartResult.NotStarted(var reasons, boolean silent) -> {
                if (wanted.isEmpty()
                        || proven.isEmpty()
                        || hasTextOf(proven.get(), wanted.get())
                        || (silent && wereWritesHeldUpSince(begunNanos))) {
                    yield new Result.Failed(reasons, silent);
                }
                yield startAsBefore(watch, wanted.get(), proven.get(), reasons);
            }
        };
    }

    private Result startAsBefore(
            ConfigurationWatch watch, Generation failed, Generation before, List<Finding> reasons)
            throws IOException {
        var inForce = watch.takeBack(failed, before);
        return switch (engine.start()) {
            case StartResult.Started started -> {
                proven = Optional.of(inForce);
                yield new Result.TakenBack(failed, inForce, started, reasons);
            }
            case StartResult.NotStarted(var again, boolean silent) -> {
                var all = new ArrayList<>(reasons);
                all.addAll(again);
                yield new Result.Failed(all, silent);
            }
        };
    }

    private boolean wereWritesHeldUpSince(long sinceNanos) {
        var last = lastHeldUpNanos.get();
        return last.isPresent() && last.getAsLong() - sinceNanos >= 0;
    }

    private static boolean hasTextOf(Generation one, Generation other) {
        return one.hash().equals(other.hash());
    }
}
