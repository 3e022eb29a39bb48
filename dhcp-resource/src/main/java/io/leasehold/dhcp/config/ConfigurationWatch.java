package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.lease.LeaseTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices edits of the configuration on the mount, and turns the good ones into generations.
 *
 * <p>It looks at the files' inode, size and time once a second. (inotify on a FUSE mount would tell
 * of changes through that mount too, but needs a watch for each directory that an include may name,
 * and an overflow needs the look anyway; a stat of a few files costs microseconds.) An edit counts
 * when nothing has changed for {@link #SETTLE}: editors write in several steps.
 *
 * <p>Runs where the volume is mounted. Its thread is its own; {@link #checkNow} may be called from
 * any other. The listener is called on the thread that checks.
 */
public final class ConfigurationWatch implements AutoCloseable {

    public static final Duration INTERVAL = Duration.ofSeconds(1);
    public static final Duration SETTLE = Duration.ofMillis(900);

    private static final String NOTHING = "";
    private static final String MISSING = "missing";

    private static final Logger log = LoggerFactory.getLogger(ConfigurationWatch.class);

    /** What a look at the configuration came to. */
    public sealed interface Outcome {
        /** It is what dhcpd runs on already. */
        record Unchanged(Generation generation) implements Outcome {}

        /** A refused edit was undone: it is what dhcpd runs on again. */
        record Undone(Generation inForce) implements Outcome {}

        /**
         * It was accepted: dhcpd has to be restarted.
         *
         * @param before what was in force; empty for the first one
         */
        record Accepted(Generation generation, Optional<Generation> before, List<Finding> findings)
                implements Outcome {
            public Accepted {
                findings = List.copyOf(findings);
            }
        }

        /** It was refused; what was in force stays. */
        record Refused(Optional<Generation> inForce, List<Finding> findings) implements Outcome {
            public Refused {
                findings = List.copyOf(findings);
            }
        }
    }

    /**
     * Is told of edits, each once. Unchanged is not told. May block until the edit is applied: the
     * next look waits for it.
     */
    public interface Listener {
        void edited(Outcome outcome);
    }

    private record Stamp(Path file, String attributes) {}

    private final ConfigurationSource source;
    private final ConfigurationCheck check;
    private final Generations generations;
    private final Supplier<LeaseTable> leases;
    private final InstantSource clock;
    private final Listener listener;
    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(
                    task -> Thread.ofPlatform().name("dhcp-config-watch").daemon().unstarted(task));

    private List<Path> files;
    private List<Stamp> stamps = List.of();
    private boolean unsettled = true;
    private long changedAtNanos = 0;

    /**
     * Hash of the text that was refused last, or MISSING. Volatile, because {@link #takeBack} comes
     * from the thread that starts dhcpd while the listener, which waits for that start, holds the
     * lock.
     */
    private volatile String refused = NOTHING;

    /**
     * @param leases what the lease file says now
     */
    public ConfigurationWatch(
            ConfigurationSource source,
            ConfigurationCheck check,
            Generations generations,
            Supplier<LeaseTable> leases,
            InstantSource clock,
            Listener listener) {
        this.source = source;
        this.check = check;
        this.generations = generations;
        this.leases = leases;
        this.clock = clock;
        this.listener = listener;
        this.files = List.of(source.volume().configuration());
    }

    /** Begins to look; an edit that was made while nobody watched is found by the first look. */
    public void start(LongSupplier nanoTime) {
        var unused =
                thread.scheduleWithFixedDelay(
                        () -> lookSafely(nanoTime.getAsLong()),
                        0,
                        INTERVAL.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    private void lookSafely(long nowNanos) {
        try {
            look(nowNanos);
        } catch (IOException e) {
            log.warn("cannot look at the configuration: {}", e.toString());
        } catch (RuntimeException e) {
            // A scheduled task that throws is never run again, and nobody would notice.
            log.error("the watch of the configuration failed; it goes on", e);
        }
    }

    /** One look. Does nothing until the files have been at rest for {@link #SETTLE}. */
    synchronized void look(long nowNanos) throws IOException {
        var now = stampsOf(files);
        if (!now.equals(stamps)) {
            stamps = now;
            unsettled = true;
            changedAtNanos = nowNanos;
            return;
        }
        if (unsettled && nowNanos - changedAtNanos >= SETTLE.toNanos()) {
            unsettled = false;
            tell(judge(false));
        }
    }

    /**
     * Looks now, however fresh the edit is: {@code clusterctl dhcp reload}. Says again why a
     * configuration is refused, though the listener was told before.
     */
    public synchronized Outcome checkNow() throws IOException {
        unsettled = false;
        var outcome = judge(true);
        stamps = stampsOf(files);
        tell(Optional.of(outcome.orElseThrow()));
        return outcome.orElseThrow();
    }

    /**
     * Takes back a generation with which dhcpd did not start: the one before is in force again,
     * under a new number. The text is not tried again until it changes. Takes no lock: a listener
     * that waits for the start may have caused it.
     */
    public Generation takeBack(Generation failed, Generation before) throws IOException {
        refused = failed.hash();
        return generations.accept(before.configuration(), clock.instant());
    }

    private void tell(Optional<Outcome> outcome) {
        outcome.filter(o -> !(o instanceof Outcome.Unchanged)).ifPresent(listener::edited);
    }

    /** Empty if the same text was refused before and that is not to be said again. */
    private Optional<Outcome> judge(boolean again) throws IOException {
        var inForce = generations.accepted().generation();
        Configuration configuration;
        try {
            configuration = Configuration.read(source);
        } catch (NoSuchFileException _) {
            files = List.of(source.volume().configuration());
            return refuse(MISSING, inForce, List.of(missing()), again);
        }
        files = configuration.files();
        if (inForce.isPresent() && inForce.get().hash().equals(configuration.hash())) {
            boolean undone = !refused.equals(NOTHING);
            refused = NOTHING;
            return Optional.of(
                    undone
                            ? new Outcome.Undone(inForce.get())
                            : new Outcome.Unchanged(inForce.get()));
        }
        if (!again && configuration.hash().equals(refused)) {
            return Optional.empty();
        }
        return switch (check.check(configuration, leases.get(), clock.instant())) {
            case Verdict.Bad bad -> refuse(configuration.hash(), inForce, bad.findings(), again);
            case Verdict.Good good -> {
                refused = NOTHING;
                var accepted = generations.accept(configuration, clock.instant());
                yield Optional.of(new Outcome.Accepted(accepted, inForce, good.findings()));
            }
        };
    }

    private Optional<Outcome> refuse(
            String key, Optional<Generation> inForce, List<Finding> findings, boolean again) {
        if (!again && key.equals(refused)) {
            return Optional.empty();
        }
        refused = key;
        return Optional.of(new Outcome.Refused(inForce, findings));
    }

    private Finding missing() {
        var file = source.shown(source.volume().configuration());
        return Finding.error(
                "configuration-missing",
                Place.of(file),
                "there is no " + VolumeLayout.CONFIGURATION,
                "write one, or take an older generation from " + source.volume().generations());
    }

    private static List<Stamp> stampsOf(List<Path> files) throws IOException {
        var stamps = new ArrayList<Stamp>(files.size());
        for (var file : files) {
            stamps.add(new Stamp(file, attributes(file)));
        }
        return stamps;
    }

    private static String attributes(Path file) throws IOException {
        try {
            var attributes = Files.readAttributes(file, "unix:ino,size,lastModifiedTime,ctime");
            return attributes.get("ino")
                    + " "
                    + attributes.get("size")
                    + " "
                    + attributes.get("lastModifiedTime")
                    + " "
                    + attributes.get("ctime");
        } catch (NoSuchFileException _) {
            return "absent";
        }
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}
