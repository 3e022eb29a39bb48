package io.leasehold.itests.simulator;

import io.leasehold.blockrep.volume.Seq;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.Standing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What must hold, seen from outside of both boxes: it knows what was acknowledged, which records
 * were won, and what each box wrote down last.
 */
final class Invariants {
    private final World world;
    private final Aftermath aftermath;

    /** The one history that was acknowledged to clients, by whoever was primary. */
    private final Operations acknowledged = new Operations();

    /** R1, R5: every version of the record that was won, and the one version that followed it. */
    private final Map<Version, ClusterRecord> won = new HashMap<>();

    private final Map<Version, Version> successors = new HashMap<>();
    private final List<Optional<DurableState>> written =
            new ArrayList<>(List.of(Optional.empty(), Optional.empty()));
    private final boolean[] served = new boolean[2];
    private boolean garbled;

    /** What the ensemble took, by the version of its znode. */
    private final List<ClusterRecord> taken = new ArrayList<>();

    private record Version(Epoch epoch, Generation gen) {
        private static Version of(ClusterRecord record) {
            return new Version(record.epoch(), record.gen());
        }
    }

    Invariants(World world) {
        this.world = world;
        this.aftermath = new Aftermath(world);
    }

    Operations acknowledged() {
        return acknowledged;
    }

    Optional<DurableState> written(Machine box) {
        return written.get(box.index());
    }

    /**
     * A disk is gone for good; if nobody else has what was acknowledged, no rule can bring it back.
     */
    void diskLost(Machine box) {
        var other = box.other();
        var copy =
                other.daemon()
                        .map(daemon -> daemon.replica().history())
                        .orElse(other.disk().tree());
        boolean alone = written(box).filter(state -> state.record().isSole(box.name())).isPresent();
        if (!aftermath.isOpen() && (alone || !copy.startsWith(acknowledged))) {
            aftermath.begin("the disk of " + box.name() + " is lost");
        }
        if (aftermath.isOpen()) {
            aftermath.diskLost(box);
        }
    }

    void diskReplaced(Machine box) {
        written.set(box.index(), Optional.empty());
        if (world.ensemble().isEmpty() && written.stream().noneMatch(Invariants::namesAPrimary)) {
            // Two empty disks are a new pair: it begins with epoch 1 again.
            won.clear();
            successors.clear();
        }
    }

    private static boolean namesAPrimary(Optional<DurableState> state) {
        return state.flatMap(rights -> rights.record().primary()).isPresent();
    }

    /** After every step: I1, I3. */
    void check() {
        for (var box : world.machines()) {
            boolean serves = box.serves();
            if (serves && !served[box.index()]) {
                if (aftermath.isOpen()) {
                    aftermath.servingBegan(box);
                } else if (box.other().serves()) {
                    throw new Violation("I3", "two nodes serve: " + box.name() + " began to");
                }
                box.daemon()
                        .ifPresent(daemon ->
                                holdsAll("I1", box, daemon.replica().history(), "serves"));
                world.servingBegan(box);
            }
            served[box.index()] = serves;
        }
    }

    private void holdsAll(String rule, Machine box, Operations history, String what) {
        if (!aftermath.isOpen() && !history.startsWith(acknowledged)) {
            throw new Violation(
                    rule,
                    "%s %s without operation %d, which was acknowledged (it has %d, acknowledged are %d)"
                            .formatted(
                                    box.name(),
                                    what,
                                    history.commonWith(acknowledged) + 1,
                                    history.size(),
                                    acknowledged.size()));
        }
    }

    /**
     * I2, I3, R3: a primary completed everything behind {@code from} up to {@code upTo}.
     *
     * @param heard whether a front-end is there to be answered. Who won the record completes its
     *     tail before it mounts, with a witness also before the loser's serving lease has run out:
     *     nobody is told of it then (R9), and the loser completes nothing else (R8)
     */
    void completed(Machine box, Operations history, Seq from, Seq upTo, boolean heard) {
        if (aftermath.isOpen()) {
            for (int i = (int) from.value(); i < upTo.value(); i++) {
                aftermath.acknowledged(history.get(i));
            }
            return;
        }
        if (heard && box.other().serves() && !isPartOfWhatIsServed(box, history, upTo)) {
            throw new Violation(
                    "I3", box.name() + " acknowledges while " + box.other().name() + " serves");
        }
        for (int i = (int) from.value(); i < upTo.value(); i++) {
            if (i >= history.size()) {
                throw new Violation("R3", box.name() + " acknowledges what it does not have");
            }
            if (i >= acknowledged.size()) {
                acknowledged.add(history.get(i));
            } else if (acknowledged.get(i) != history.get(i)) {
                throw new Violation(
                        "I2",
                        box.name()
                                + " acknowledges another operation "
                                + (i + 1)
                                + " than was acknowledged before");
            }
        }
    }

    /**
     * With a witness nobody is fenced, so an acknowledgement that the winner gave while it was
     * still a secondary may be found by a loser that stood still (R8). It tells nobody anything
     * new, and nobody hears it: the operations are the winner's, too, and the loser's gate is shut.
     */
    private boolean isPartOfWhatIsServed(Machine box, Operations history, Seq upTo) {
        return world.ensemble().isPresent()
                && box.other()
                        .daemon()
                        .filter(winner ->
                                history.commonWith(winner.replica().history()) >= upTo.value())
                        .isPresent();
    }

    /**
     * With a witness a node may write down late that it was let in: it was equal then, and the
     * ensemble has taken it out again since. Nothing follows from such a note (R14).
     */
    private boolean isOvertaken(Machine box) {
        return !taken.isEmpty() && !taken.getLast().isInSync(box.name());
    }

    /**
     * R1, R2, R5, R10: the rights of a box are durable; its daemon may be killed, or lose its
     * power, before it knows.
     */
    void persisted(Machine box, DurableState state, Operations history) {
        var before = written.set(box.index(), Optional.of(state));
        var record = state.record();
        if (before.isPresent()) {
            if (before.get().promised().isAfter(state.promised())) {
                throw new Violation("R2", box.name() + " takes a promise back: " + state);
            }
            var old = before.get().record();
            if (old.epoch().isAfter(record.epoch())
                    || (old.epoch().equals(record.epoch())
                            && old.gen().value() > record.gen().value())) {
                throw new Violation(
                        "R1", box.name() + ": " + old.describe() + " became " + record.describe());
            }
        }
        boolean changed = before.isEmpty() || !before.get().record().equals(record);
        if (changed && record.primary().isPresent()) {
            boolean known = won.containsKey(Version.of(record));
            requireOneRecordPerVersion(record);
            if (before.isPresent()
                    && record.isPrimary(box.name())
                    && !known
                    && !aftermath.isOpen()) {
                var other =
                        successors.putIfAbsent(
                                Version.of(before.get().record()), Version.of(record));
                if (other != null
                        && !other.equals(Version.of(record))
                        && !isGivenUpBy(box.other(), other)) {
                    throw new Violation(
                            "R5",
                            box.name()
                                    + " wins "
                                    + record.describe()
                                    + " after "
                                    + before.get().record().describe()
                                    + ", which "
                                    + won.get(other)
                                    + " had followed");
                }
            }
        }
        if (changed && record.isPrimary(box.name())) {
            requireArbiter(box, before.map(DurableState::record), state);
        }
        if (state.standing() == Standing.UP_TO_DATE
                && !isOvertaken(box)
                && before.filter(old -> old.standing() == Standing.UP_TO_DATE).isEmpty()) {
            holdsAll("I4", box, history, "is up to date");
        }
        if (changed && record.inSync().size() == 2) {
            world.bothInSync();
        }
    }

    /**
     * A node that won a record, and was gone before the other one had stored it, may give that one
     * its durable word when they meet again (R28): the record ends with that.
     */
    private boolean isGivenUpBy(Machine box, Version won) {
        return written(box)
                .filter(state ->
                        state.standing().isOutdated()
                                && !won.epoch().isAfter(state.record().epoch()))
                .isPresent();
    }

    /**
     * R12: who leads does so by the arbiter that it is configured for; and a record passes to
     * another arbiter only with the other node's durable word, or by force.
     */
    private void requireArbiter(Machine box, Optional<ClusterRecord> before, DurableState next) {
        var record = next.record();
        if (box.daemon().filter(daemon -> daemon.arbiter() == record.mode()).isEmpty()) {
            throw new Violation(
                    "R12", box.name() + " decides by arbiter " + record.mode() + ", not its own");
        }
        var other = written(box.other());
        boolean passes =
                before.filter(old -> old.primary().isPresent() && old.mode() != record.mode())
                        .isPresent();
        boolean byBoth =
                other.filter(theirs ->
                                theirs.standing().isOutdated()
                                        || !record.epoch().isAfter(theirs.promised()))
                        .isPresent();
        if (passes && !byBoth && !next.forcedEpochs().contains(record.epoch())) {
            throw new Violation(
                    "R12",
                    "%s takes its record from arbiter %s to %s, and %s has not given its word"
                            .formatted(
                                    box.name(),
                                    before.orElseThrow().mode(),
                                    record.mode(),
                                    box.other().name()));
        }
    }

    /** R1, R5: a member of the ensemble learned that this was taken. */
    void taken(int version, ClusterRecord record) {
        if (version < taken.size()) {
            if (!taken.get(version).equals(record)) {
                throw new Violation(
                        "R5",
                        "two records of version %d: %s and %s"
                                .formatted(
                                        version, taken.get(version).describe(), record.describe()));
            }
            return;
        }
        if (version > 0) {
            var before = taken.getLast();
            boolean follows =
                    record.equals(before)
                            || record.isNewerThan(before)
                            || (record.epoch().equals(before.epoch())
                                    && record.gen().equals(before.gen())
                                    && record.givesTheSameRightsAs(before));
            boolean samePrimary =
                    !record.epoch().equals(before.epoch())
                            || record.primary().equals(before.primary());
            if (!follows || !samePrimary) {
                throw new Violation(
                        "R1",
                        "the ensemble took " + record.describe() + " after " + before.describe());
            }
        }
        taken.add(record);
        requireOneRecordPerVersion(record);
    }

    /** R1, whoever keeps it. */
    private void requireOneRecordPerVersion(ClusterRecord record) {
        var known = won.putIfAbsent(Version.of(record), record);
        if (known != null && !aftermath.isOpen() && !known.givesTheSameRightsAs(record)) {
            throw new Violation(
                    "R1",
                    "two records of one version: "
                            + known.describe()
                            + " and "
                            + record.describe());
        }
    }

    /** R2: a box gives its word; {@code byVolume} is what its volume has promised durably. */
    void promised(Machine box, Epoch epoch, long byVolume) {
        boolean byRights =
                written(box).filter(state -> !epoch.isAfter(state.promised())).isPresent();
        if (!byRights || byVolume < epoch.value()) {
            throw new Violation(
                    "R2",
                    "%s promises epoch %s, which is not durable: its volume says %d"
                            .formatted(box.name(), epoch, byVolume));
        }
    }

    /** R39: a front-end begins to read. */
    void mounted(Machine box, Operations tree, Operations history) {
        if (tree.size() < history.size()) {
            throw new Violation(
                    "R39",
                    "the tree of %s has %d operations when it is mounted, its journal %d"
                            .formatted(box.name(), tree.size(), history.size()));
        }
    }

    /** R26. */
    void treeCovers(Machine box, long operations, long checkpoint) {
        if (operations < checkpoint) {
            throw new Violation(
                    "R26",
                    "the tree of %s has %d operations, its checkpoint says %d"
                            .formatted(box.name(), operations, checkpoint));
        }
    }

    /**
     * R23, R25: what a target gets of an operation's file, or keeps of its own, is all there is.
     *
     * @param index of the operation
     * @param sent the source says that its file was touched
     * @param own the target has an operation there, and its file was not touched
     */
    void resyncSetHas(Machine box, int index, boolean sent, boolean own) {
        if (sent == own) {
            throw new Violation(
                    "R23",
                    "a resync of %s lacks operation %d: neither node knows that it touched its file"
                            .formatted(box.name(), index + 1));
        }
    }

    void refused(String reason) {
        if (reason.startsWith("R29") || reason.startsWith("R30")) {
            if (!aftermath.isOpen()) {
                throw new Violation("R29", "split brain: " + reason);
            }
            aftermath.named();
        } else if (reason.startsWith("R1:") && aftermath.isOpen()) {
            // Both write, and both say so: a person parts them.
            aftermath.named();
        }
    }

    Aftermath aftermath() {
        return aftermath;
    }

    /** What {@link Aftermath} has let pass is settled: this is the one history from here on. */
    void beginAnew(Operations going, Seq completed) {
        acknowledged.truncate(0);
        for (int i = 0; i < completed.value(); i++) {
            acknowledged.add(going.get(i));
        }
        won.clear();
        successors.clear();
    }

    /** A copy was changed behind everybody's back: to be found out is all that can be asked. */
    void garbled() {
        garbled = true;
    }

    /** I2. */
    void diverged(Machine box, long at) {
        var found = box.name() + " and its peer hold different operations at " + at;
        if (!garbled) {
            throw new Violation("I2", found);
        }
        box.say(() -> "!     found out: " + found);
    }
}
