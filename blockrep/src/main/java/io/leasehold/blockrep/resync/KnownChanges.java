package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.JournalDirectory;
import io.leasehold.blockrep.journal.RecordsGoneException;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this copy has touched since the peer had all of it: in the journal as far as that reaches,
 * and in a durable dirty map behind it (R23).
 *
 * <pre>
 *            from                 oldest            to                 last
 *   ───────────┼─────────────────────┼───────────────┼───────────────────┤
 *              │◄────────── dirty map ──────────────►│
 *                                    │◄──────────── journal ────────────►│
 * </pre>
 *
 * <p>{@code to} is never behind the journal's checkpoint, before which alone records are
 * overwritten: a change is in one of the two at every moment. {@code from} moves on only when the
 * peer has everything up to there; what a lost or damaged map costs is a compare of everything. The
 * map is written only while the peer does not follow ({@link DirtyMapFile}).
 *
 * <p>Any thread.
 */
public final class KnownChanges implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KnownChanges.class);

    private final Journal journal;
    private final Changes.Limits limits;
    private final DirtyMapFile file;

    // Guarded by this object:
    private DirtyMap map;

    /** A place in the order, and the rolling hash there. */
    public record SharedPoint(Seq seq, Root root) {}

    /** All that was touched behind a place that the peer may have, or more. */
    public record Since(SharedPoint place, Changes touched) {}

    private KnownChanges(Journal journal, Changes.Limits limits, DirtyMapFile file, DirtyMap map) {
        this.journal = journal;
        this.limits = limits;
        this.file = file;
        this.map = map;
    }

    /**
     * Takes up what the last process noted, or begins anew at the journal's checkpoint.
     *
     * @param directory of the journal
     * @param limits of the dirty map
     */
    public static KnownChanges open(
            JournalDirectory directory, Journal journal, Changes.Limits limits) throws IOException {
        var file = DirtyMapFile.open(directory, limits);
        var noted = file.read().filter(found -> covers(found, journal));
        return new KnownChanges(
                journal,
                limits,
                file,
                noted.isPresent() ? noted.get() : beginning(journal, limits));
    }

    /** Whether it is about this history, and has all that the journal may have overwritten. */
    private static boolean covers(DirtyMap noted, Journal journal) {
        var superblock = journal.superblock();
        return noted.device().equals(superblock.device())
                && noted.historyUse() == superblock.historyUse()
                && !superblock.checkpoint().isAfter(noted.to())
                && !noted.to().isAfter(journal.end().last());
    }

    /** A map that begins at the checkpoint, behind which the journal has everything. */
    private static DirtyMap beginning(Journal journal, Changes.Limits limits) throws IOException {
        var superblock = journal.superblock();
        var checkpoint = superblock.checkpoint();
        var root =
                journal.rootAt(checkpoint)
                        .orElseThrow(() ->
                                new IllegalStateException(
                                        "what is behind a checkpoint is never overwritten"));
        return new DirtyMap(
                superblock.device(),
                superblock.historyUse(),
                new SharedPoint(checkpoint, root),
                checkpoint,
                new Changes(limits));
    }

    /** Another history has taken this one's place, which the peer has up to the checkpoint. */
    public synchronized void restart() throws IOException {
        map = beginning(journal, limits);
    }

    /**
     * The tree has everything up to {@code reached}, and the journal's records up to there may soon
     * be overwritten: what they touched is noted, durably unless the peer follows.
     *
     * @param reached durable in the journal
     * @param peerHas up to here the peer has everything
     * @param follows the peer gets each operation: a map that were lost now would soon be empty
     * @throws IOException this disk is gone (R32)
     */
    public synchronized void checkpoint(Seq reached, Seq peerHas, boolean follows)
            throws IOException {
        var shared = peerHas.isAfter(reached) ? reached : peerHas;
        var begun =
                shared.isAfter(map.from().seq())
                        ? beginAt(shared, reached)
                        : Optional.<DirtyMap>empty();
        if (begun.isPresent()) {
            map = begun.get();
        } else if (reached.isAfter(map.to())) {
            map.changes().addAll(behindCheckpoint(map.to(), reached));
            map = map.upTo(reached);
        }
        if (!follows) {
            file.write(map);
        }
    }

    /** Empty if the journal does not reach back so far. */
    private Optional<DirtyMap> beginAt(Seq shared, Seq reached) throws IOException {
        try {
            var root = journal.rootAt(shared);
            return root.isEmpty()
                    ? Optional.empty()
                    : Optional.of(
                            new DirtyMap(
                                    map.device(),
                                    map.historyUse(),
                                    new SharedPoint(shared, root.get()),
                                    reached,
                                    JournalChanges.between(journal, shared, reached, limits)));
        } catch (RecordsGoneException e) {
            log.debug("the dirty map goes on from {}: {}", map.from().seq(), e.getMessage());
            return Optional.empty();
        }
    }

    private Changes behindCheckpoint(Seq after, Seq upTo) throws IOException {
        try {
            return JournalChanges.between(journal, after, upTo, Changes.Limits.ONE_NODE);
        } catch (RecordsGoneException e) {
            throw new IllegalStateException("what is behind a checkpoint is never overwritten", e);
        }
    }

    /**
     * What was touched up to {@code upTo}, or more, behind the latest place for which that is
     * known.
     *
     * @param common the place is not behind this one
     * @return empty if too little is known, or so much was touched that it could be everything
     */
    public synchronized Optional<Since> since(Seq common, Seq upTo) throws IOException {
        var inJournal = inJournal(common, upTo);
        if (inJournal.isPresent()) {
            return inJournal;
        }
        if (map.from().seq().isAfter(common)) {
            return Optional.empty();
        }
        var touched = new Changes();
        touched.addAll(map.changes());
        if (upTo.isAfter(map.to())) {
            touched.addAll(behindCheckpoint(map.to(), upTo));
        }
        return touched.isEverything()
                ? Optional.empty()
                : Optional.of(new Since(map.from(), touched));
    }

    private Optional<Since> inJournal(Seq common, Seq upTo) throws IOException {
        var root = journal.rootAt(common);
        if (root.isEmpty()) {
            return Optional.empty();
        }
        try {
            var touched = JournalChanges.between(journal, common, upTo, Changes.Limits.ONE_NODE);
            return touched.isEverything()
                    ? Optional.empty()
                    : Optional.of(new Since(new SharedPoint(common, root.get()), touched));
        } catch (RecordsGoneException e) {
            log.debug("what was touched behind {} is asked of the map: {}", common, e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
