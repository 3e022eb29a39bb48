package io.leasehold.dhcp.guard;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.config.Configuration;
import io.leasehold.dhcp.config.ConfigurationCheck;
import io.leasehold.dhcp.config.ConfigurationSource;
import io.leasehold.dhcp.config.Generation;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.config.Verdict;
import io.leasehold.dhcp.lease.LeaseFileParser;
import io.leasehold.dhcp.lease.LeaseFileReading;
import io.leasehold.dhcp.lease.LeaseFileReading.End;
import io.leasehold.dhcp.lease.LeaseFollower;
import io.leasehold.dhcp.lease.LeaseTable;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Decides whether a DHCP server may start on the mounted volume, and puts right what can be put
 * right without losing anything.
 *
 * <p>In this order, and it stops at the first step that refuses:
 *
 * <ol>
 *   <li>the clock is within bounds (a clock ahead frees leases early);
 *   <li>the directory can do what dhcpd's rewrite needs: create, link, rename, unlink (without
 *       link(2) dhcpd appends to a file that no path names, and says nothing);
 *   <li>the lease file is there and says something, if this volume has ever held leases;
 *   <li>nothing in its middle is damaged; a torn last record is cut off and kept in {@code torn/};
 *   <li>an accepted configuration is there and good on this node's dhcpd;
 *   <li>temporary files of an interrupted rewrite are removed; the lease file as it was is kept in
 *       {@code kept/} as a hard link, because dhcpd replaces it at its start.
 * </ol>
 *
 * <p>Runs on any thread that may block on the volume, but not on one that serves it. One check at a
 * time.
 */
public final class PromotionGuard {

    /** Up to here the file is read as a whole; above, a follower's knowledge is used. */
    private static final long READ_WHOLE_BYTES_MAX = 1L << 20;

    private static final int TORN_MAX = 32;
    private static final int KEPT_MAX = 4;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final GuardSettings settings;
    private final ConfigurationCheck configurations;
    private final Generations generations;
    private final LongSupplier nanoTime;

    /**
     * @param configurations judges the accepted configuration; it costs nothing if the same text
     *     was judged before, see {@link #rehearse}
     * @param nanoTime measures how long a check took
     */
    public PromotionGuard(
            GuardSettings settings,
            ConfigurationCheck configurations,
            Generations generations,
            LongSupplier nanoTime) {
        this.settings = settings;
        this.configurations = configurations;
        this.generations = generations;
        this.nanoTime = nanoTime;
    }

    /** Stops a check; carries the reason, costs no stack trace. */
    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1;
        private final transient Finding finding;

        Refusal(Finding finding) {
            super(finding.text(), null, false, false);
            this.finding = finding;
        }
    }

    /** What the lease file says. */
    private record Leases(LeaseTable table, LeaseFileReading reading, long sizeBytes) {}

    /**
     * Checks, and prepares the volume for a start.
     *
     * @param now this node's wall clock
     * @param follower knows the replica's lease file up to a moment ago; spares reading a large
     *     file as a whole
     */
    public GuardReport check(Instant now, ClockComparison clock, Optional<LeaseFollower> follower) {
        long from = nanoTime.getAsLong();
        var findings = new ArrayList<Finding>();
        try {
            checkClock(clock, findings);
            checkDirectory();
            var leases = readLeases(now, follower, findings);
            int trimmed = trimTorn(leases, now, findings);
            warnOfNeighbours(leases.table().activeAt(now), findings);
            var generation = checkConfiguration(leases.table(), now, findings);
            removeOrphans(findings);
            keepLeaseFile(now);
            if (leases.reading().declarations() > 0) {
                markHistory(leases.table().size());
            }
            return new GuardReport.Clear(
                    leases.table().size(),
                    leases.table().activeAt(now),
                    trimmed,
                    generation.number(),
                    findings,
                    since(from));
        } catch (Refusal refusal) {
            findings.add(refusal.finding);
            return new GuardReport.Refused(findings, since(from));
        } catch (IOException e) {
            findings.add(
                    Finding.error(
                            "volume-unusable",
                            Place.of(volume().root()),
                            "the volume could not be read or written: " + e,
                            "look at the mount and at the kernel's log"));
            return new GuardReport.Refused(findings, since(from));
        }
    }

    /**
     * The server began to serve: from now on a lease file that says nothing is a loss. Not before,
     * because one that never got that far (no dhcpd is installed, AppArmor keeps it from its files)
     * leaves the empty file as this guard made it.
     */
    public void served() throws IOException {
        var file = volume().historyMarker();
        if (HistoryMarker.read(file).isEmpty()) {
            new HistoryMarker(0).write(file);
        }
    }

    /**
     * Does ahead of time, on the secondary, what costs time in a check: has the accepted
     * configuration judged by this node's dhcpd. Nothing is written.
     *
     * @param replica the backing directory
     * @return what a promotion would complain about
     */
    public List<Finding> rehearse(VolumeLayout replica, LeaseTable leases, Instant now)
            throws IOException {
        var accepted = new Generations(replica).accepted();
        var findings = new ArrayList<>(accepted.findings());
        if (accepted.generation().isPresent()) {
            // With the name that the file will have on the mount, under which it is remembered.
            var generation = accepted.generation().get();
            var mounted =
                    new Generation(
                            generation.number(),
                            generation.acceptedAt(),
                            generation.hash(),
                            generation.text(),
                            volume().root().resolve(replica.root().relativize(generation.file())));
            findings.addAll(configurations.check(mounted.configuration(), leases, now).findings());
        }
        return findings;
    }

    private VolumeLayout volume() {
        return settings.volume();
    }

    private Duration since(long fromNanos) {
        return Duration.ofNanos(nanoTime.getAsLong() - fromNanos);
    }

    // ---- 1: clock

    private void checkClock(ClockComparison clock, List<Finding> findings) throws Refusal {
        switch (clock) {
            case ClockComparison.Own() -> {}
            case ClockComparison.Unknown(var reason) ->
                    findings.add(
                            Finding.note(
                                    "clock-not-compared",
                                    Place.of(volume().root()),
                                    "this node's clock could not be compared with the peer's: "
                                            + reason,
                                    ""));
            case ClockComparison.Known(var ahead) -> {
                var difference = ahead.abs();
                if (difference.compareTo(settings.clockWarning()) <= 0) {
                    return;
                }
                var what =
                        "this node's clock is "
                                + seconds(difference)
                                + " s "
                                + (ahead.isNegative()
                                        ? "behind the peer's, so leases last longer here than their"
                                                + " clients believe"
                                        : "ahead of the peer's, so leases would be freed that much"
                                                + " too early");
                var place = Place.of(volume().leases());
                var advice = "set the clocks right (chronyc tracking) on both nodes";
                if (difference.compareTo(settings.clockLimit()) > 0) {
                    throw new Refusal(
                            Finding.error("clock-difference-too-large", place, what, advice));
                }
                findings.add(Finding.warning("clock-difference", place, what, advice));
            }
        }
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.1f", duration.toMillis() / 1e3);
    }

    // ---- 2: directory

    /** What dhcpd does at its start, on files of our own: server/db.c, new_lease_file(). */
    private void checkDirectory() throws Refusal {
        var root = volume().root();
        var first = root.resolve(".leasehold-guard.new");
        var second = root.resolve(".leasehold-guard");
        try {
            Files.deleteIfExists(first);
            Files.deleteIfExists(second);
            Files.createFile(first);
            Files.createLink(second, first);
            Files.move(first, second, StandardCopyOption.ATOMIC_MOVE);
            // rename(2) of two names of one file does nothing, so both are removed.
            Files.deleteIfExists(first);
            Files.delete(second);
        } catch (IOException | UnsupportedOperationException e) {
            throw new Refusal(
                    Finding.error(
                            "directory-unfit",
                            Place.of(root),
                            "the directory does not allow create, link, rename and unlink ("
                                    + e
                                    + "), and dhcpd loses leases without a word then",
                            "mount the volume read-write on a file system with hard links"));
        }
    }

    // ---- 3 and 4: leases

    private Leases readLeases(Instant now, Optional<LeaseFollower> follower, List<Finding> findings)
            throws IOException, Refusal {
        var file = volume().leases();
        var marker = readMarker();
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            refuseAmnesia(marker, "there is no " + VolumeLayout.LEASES);
            if (Files.exists(volume().leasesBefore())) {
                throw new Refusal(
                        amnesia(
                                "there is no "
                                        + VolumeLayout.LEASES
                                        + ", but there is a "
                                        + VolumeLayout.LEASES
                                        + "~"));
            }
            // A fresh volume, and only that: dhcpd does not start without the file.
            Files.createFile(file);
            findings.add(
                    Finding.note(
                            "lease-file-created",
                            Place.of(file),
                            "this volume has never held a lease: begun with an empty lease file",
                            ""));
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new Refusal(
                    Finding.error(
                            "lease-file-irregular",
                            Place.of(file),
                            "the lease file is not a regular file; dhcpd's rewrite would replace"
                                    + " what is here",
                            "put the file itself here"));
        }
        warnOfForeignWriters(file, findings);
        var leases = read(file, follower);
        findings.addAll(
                leases.reading().findings().stream()
                        .filter(Predicate.not(Finding::isError))
                        .toList());
        if (leases.reading().damaged() > 0) {
            var first =
                    leases.reading().findings().stream()
                            .filter(Finding::isError)
                            .findFirst()
                            .orElseThrow();
            throw new Refusal(
                    Finding.error(
                            first.check(),
                            first.place(),
                            leases.reading().damaged()
                                    + " damaged places in the lease file; the first one: "
                                    + first.what(),
                            first.advice()));
        }
        if (leases.reading().declarations() == 0) {
            refuseAmnesia(marker, "the lease file says nothing");
        }
        if (leases.table().size() == 0 && marker.isPresent() && marker.get().leases() > 0) {
            throw new Refusal(
                    amnesia(
                            "the lease file names no lease, and it named "
                                    + marker.get().leases()
                                    + " when the server last started"));
        }
        warnOfFuture(leases.table(), now, findings);
        return leases;
    }

    /** dhcpd answers a renewal through the kernel, which drops what it has no neighbour for. */
    private void warnOfNeighbours(int active, List<Finding> findings) {
        var kept = neighboursKept();
        if (kept.isPresent() && active > kept.getAsLong()) {
            findings.add(
                    Finding.warning(
                            "neighbour-table-small",
                            Place.of(settings.neighboursMax()),
                            "%d clients hold a lease, but the kernel of this node keeps %d neighbours; answers to the others' renewals are dropped"
                                    .formatted(active, kept.getAsLong()),
                            "raise net.ipv4.neigh.default.gc_thresh3 above the number of clients"
                                    + " on both nodes (sysctl.d(5)), and gc_thresh2 with it"));
        }
    }

    /** Empty if this kernel does not say it, which is no reason not to serve. */
    private OptionalLong neighboursKept() {
        try {
            // Not readString: it asks for one byte first, and gets no more of a sysctl.
            var lines = Files.readAllLines(settings.neighboursMax());
            return OptionalLong.of(Long.parseLong(String.join("", lines).strip()));
        } catch (IOException | NumberFormatException _) {
            return OptionalLong.empty();
        }
    }

    private static void warnOfForeignWriters(Path file, List<Finding> findings) throws IOException {
        if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_WRITE)) {
            findings.add(
                    Finding.warning(
                            "lease-file-writable",
                            Place.of(file),
                            "every user of this node may change the lease file",
                            "chmod o-w " + file));
        }
    }

    private Optional<HistoryMarker> readMarker() throws Refusal {
        try {
            return HistoryMarker.read(volume().historyMarker());
        } catch (IOException e) {
            throw new Refusal(
                    Finding.error(
                            "history-marker-unreadable",
                            Place.of(volume().historyMarker()),
                            "cannot tell whether this volume has held leases: " + e.getMessage(),
                            "remove the file only if the lease file is what it should be"));
        }
    }

    /** Costs a sync, so only when there is something new to say. */
    private void markHistory(int leases) throws IOException, Refusal {
        var marker = new HistoryMarker(leases);
        if (!readMarker().equals(Optional.of(marker))) {
            marker.write(volume().historyMarker());
        }
    }

    private void refuseAmnesia(Optional<HistoryMarker> marker, String what) throws Refusal {
        if (marker.isPresent()) {
            throw new Refusal(amnesia(what + ", though this volume has held leases"));
        }
    }

    private Finding amnesia(String what) {
        return Finding.error(
                "amnesia",
                Place.of(volume().leases()),
                what
                        + ": a server that starts now gives addresses to new clients that others"
                        + " are using",
                "take "
                        + VolumeLayout.LEASES
                        + " from "
                        + volume().kept()
                        + " or from "
                        + VolumeLayout.LEASES
                        + "~; if the leases really are to be forgotten, remove "
                        + volume().historyMarker());
    }

    private static Leases read(Path file, Optional<LeaseFollower> follower) throws IOException {
        long sizeBytes = Files.size(file);
        if (follower.isPresent() && sizeBytes > READ_WHOLE_BYTES_MAX) {
            try {
                var view = follower.get().poll();
                if (view.sizeBytes() == sizeBytes) {
                    return new Leases(view.table(), view.reading(), sizeBytes);
                }
            } catch (NoSuchFileException _) {
                // The replica has another file than the mount: then only the mount counts.
            }
        }
        var table = new LeaseTable.Builder();
        try (var in = new FileInputStream(file.toFile())) {
            var reading = LeaseFileParser.parse(in, file, table);
            return new Leases(table.build(), reading, sizeBytes);
        }
    }

    /** A record from the future says that the clock that wrote it was ahead of this one. */
    private void warnOfFuture(LeaseTable table, Instant now, List<Finding> findings) {
        var newest =
                table.leases().stream()
                        .map(lease -> lease.lastTransaction())
                        .filter(time -> !time.isNever())
                        .max((a, b) -> a.compareTo(b));
        var limit = now.plus(settings.clockWarning());
        if (newest.isPresent() && newest.get().isAfter(limit)) {
            findings.add(
                    Finding.warning(
                            "lease-from-future",
                            Place.of(volume().leases()),
                            "the newest lease was written at "
                                    + newest.get()
                                    + ", and this node's clock says "
                                    + now,
                            "set the clocks right on both nodes"));
        }
    }

    private int trimTorn(Leases leases, Instant now, List<Finding> findings) throws IOException {
        if (!(leases.reading().end() instanceof End.Torn(long fromOffset, int line, String what))) {
            return 0;
        }
        var file = volume().leases();
        Path aside;
        int length;
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            length = (int) Math.min(Integer.MAX_VALUE, access.length() - fromOffset);
            var tail = new byte[length];
            access.seek(fromOffset);
            access.readFully(tail);
            // Kept and durable before it is cut off.
            aside = writeAside(volume().torn(), now, tail);
            access.setLength(fromOffset);
            access.getFD().sync();
        }
        prune(volume().torn(), TORN_MAX);
        findings.add(
                Finding.warning(
                        "lease-file-torn",
                        new Place(file, line, 1),
                        "the last record ("
                                + what
                                + ", "
                                + length
                                + " bytes) was never finished, so nobody was told of it; it was cut"
                                + " off and kept in "
                                + aside,
                        ""));
        return length;
    }

    private static Path writeAside(Path directory, Instant now, byte[] bytes) throws IOException {
        Files.createDirectories(directory);
        var file = directory.resolve(VolumeLayout.LEASES + "." + TIME.format(now));
        try (var out = new FileOutputStream(file.toFile())) {
            out.write(bytes);
            out.getFD().sync();
        }
        return file;
    }

    // ---- 5: configuration

    private Generation checkConfiguration(LeaseTable leases, Instant now, List<Finding> findings)
            throws IOException, Refusal {
        var accepted = generations.accepted();
        findings.addAll(accepted.findings());
        if (accepted.generation().isEmpty()) {
            return acceptFirst(leases, now, findings);
        }
        var generation = accepted.generation().get();
        if (!generation.file().equals(volume().acceptedConfiguration())) {
            generation = generations.accept(generation.configuration(), now);
        }
        return switch (configurations.check(generation.configuration(), leases, now)) {
            case Verdict.Good(_, var notes) -> {
                findings.addAll(notes);
                yield generation;
            }
            case Verdict.Bad bad -> throw refusal(bad, findings);
        };
    }

    /** The first start on this volume: nobody has watched the configuration yet. */
    private Generation acceptFirst(LeaseTable leases, Instant now, List<Finding> findings)
            throws IOException, Refusal {
        try {
            var configuration = Configuration.read(ConfigurationSource.mounted(volume()));
            return switch (configurations.check(configuration, leases, now)) {
                case Verdict.Good(var good, var notes) -> {
                    findings.addAll(notes);
                    yield generations.accept(good, now);
                }
                case Verdict.Bad bad -> throw refusal(bad, findings);
            };
        } catch (NoSuchFileException _) {
            throw new Refusal(
                    Finding.error(
                            "configuration-missing",
                            Place.of(volume().configuration()),
                            "there is no " + VolumeLayout.CONFIGURATION,
                            "write one"));
        }
    }

    /** All of the findings are told; the last one is the reason. */
    private static Refusal refusal(Verdict.Bad bad, List<Finding> findings) {
        var others = new ArrayList<>(bad.findings());
        var reason = others.stream().filter(Finding::isError).findFirst().orElseThrow();
        others.remove(reason);
        findings.addAll(others);
        return new Refusal(reason);
    }

    // ---- 6: leftovers

    /** {@code dhcpd.leases.EPOCH}: a rewrite that never became the lease file. */
    private void removeOrphans(List<Finding> findings) throws IOException {
        List<Path> orphans;
        try (var files = Files.list(volume().root())) {
            orphans =
                    files.filter(file ->
                                    file.getFileName()
                                            .toString()
                                            .matches("dhcpd\\.leases\\.\\d{9,11}"))
                            .toList();
        }
        for (var orphan : orphans) {
            Files.deleteIfExists(orphan);
            findings.add(
                    Finding.note(
                            "rewrite-leftover",
                            Place.of(orphan),
                            "removed what an interrupted rewrite of the lease file left behind",
                            ""));
        }
    }

    private void keepLeaseFile(Instant now) throws IOException {
        Files.createDirectories(volume().kept());
        var kept = volume().kept().resolve(VolumeLayout.LEASES + "." + TIME.format(now));
        try {
            Files.createLink(kept, volume().leases());
        } catch (FileAlreadyExistsException _) {
            // Two checks within a millisecond: the first one's is as good.
            return;
        }
        prune(volume().kept(), KEPT_MAX);
    }

    /** Names sort by time. */
    private static void prune(Path directory, int most) throws IOException {
        List<Path> files;
        try (var listed = Files.list(directory)) {
            files = listed.sorted().toList();
        }
        for (var file : files.subList(0, Math.max(0, files.size() - most))) {
            Files.deleteIfExists(file);
        }
    }
}
