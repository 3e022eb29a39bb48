package io.leasehold.itests.simulator;

import static io.leasehold.itests.simulator.World.SECOND;

import io.leasehold.blockrep.volume.Seq;
import java.util.BitSet;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a history is judged after something that no protocol survives: a fence device that lies, a
 * person who confirms what is not so or forces a promotion, the loss of the only copy. Two may
 * serve then, and clients may have been told what the winner never knew. What still must hold:
 *
 * <pre>
 *   strict --such a fault--> aftermath --calm for a while, and nothing is missing--> strict
 *   calm: one serves, and both are in sync
 * </pre>
 *
 * <ul>
 *   <li>No silent divergence: what was acknowledged and is not in the history that goes on was
 *       refused as split brain (R29), or a person chose the other one (R21); nobody drops it as a
 *       mere tail (R25).
 *   <li>Both branches are kept: it is in the history that goes on, or in a branch on either disk.
 *   <li>If the only copy was lost with its disk, nobody serves without it but by an epoch that was
 *       forced since, or as a new pair: on two empty disks. Whoever has not heard that the other
 *       one went on without it, because a lie made it do so, cannot know what was lost there.
 * </ul>
 *
 * <p>At the next calm this is checked once for all, and every rule holds again from there.
 */
final class Aftermath {
    /** What was told is acted upon a moment later: calm that does not last is none. */
    private static final long CALM_NANOS = SECOND;

    private final World world;
    private Optional<String> cause = Optional.empty();

    /** The numbers of all operations that were acknowledged, by whomever. */
    private final BitSet acknowledged = new BitSet();

    /** Those of them of which the last copy was lost with a disk. */
    private final BitSet lost = new BitSet();

    private boolean forced;
    private boolean named;
    private boolean deceived;
    private boolean begunAnew;
    private OptionalLong calmSinceNanos = OptionalLong.empty();

    Aftermath(World world) {
        this.world = world;
    }

    boolean isOpen() {
        return cause.isPresent();
    }

    /** Such a fault has just happened. */
    void begin(String what) {
        calmSinceNanos = OptionalLong.empty();
        if (cause.isEmpty()) {
            cause = Optional.of(what);
            forced = false;
            named = false;
            deceived = false;
            begunAnew = false;
            acknowledged.clear();
            lost.clear();
            addAll(acknowledged, world.invariants().acknowledged());
            world.trace().say("", () -> "!     judged from here by another rule: " + what);
        }
    }

    /** A person confirms the bill of a force: from here on a loss is no secret. */
    void forced(String what) {
        begin(what);
        forced = true;
        named();
    }

    /** One was told that the other one is off, and it is not. */
    void deceived(String what) {
        begin(what);
        deceived = true;
    }

    /** Whether the pair has been calm for long enough; told after every step. */
    boolean isOver(boolean calm) {
        long now = world.agenda().nowNanos();
        if (!calm) {
            calmSinceNanos = OptionalLong.empty();
        } else if (calmSinceNanos.isEmpty()) {
            calmSinceNanos = OptionalLong.of(now);
        }
        return calm && now - calmSinceNanos.getAsLong() >= CALM_NANOS;
    }

    /** A split brain was refused, or a person has decided: from here on a loss is no secret. */
    void named() {
        named = true;
    }

    void acknowledged(long id) {
        acknowledged.set((int) id);
    }

    /** A disk is gone, and what nobody else has with it. */
    void diskLost(Machine box) {
        var gone = new BitSet();
        gone.or(acknowledged);
        gone.andNot(idsOn(box.other()));
        // The disk that is lost is not the one that was taken out before.
        var kept = new BitSet();
        box.inTheDrawer().forEach(branch -> addAll(kept, branch));
        gone.andNot(kept);
        if (!gone.isEmpty()) {
            lost.or(gone);
            world.trace()
                    .say(
                            box.name().value(),
                            () -> "!     " + gone.cardinality() + " operations are on no disk now");
        }
    }

    /** Who serves without what was lost does so because a person said so. */
    void servingBegan(Machine box) {
        begunAnew |= isNewPair();
        if (!lost.isEmpty()
                && !deceived
                && !begunAnew
                && world.invariants()
                        .written(box)
                        .filter(state -> forced && !state.forcedEpochs().isEmpty())
                        .isEmpty()) {
            throw new Violation(
                    "R6",
                    "%s serves without %d acknowledged operations that were lost with a disk, and nobody has forced it"
                            .formatted(box.name(), lost.cardinality()));
        }
    }

    /**
     * Neither has anything of what was before: nobody is left who could know better, but for the
     * person who has put both disks in.
     */
    private boolean isNewPair() {
        return world.machines().stream().noneMatch(box -> copyOf(box).intersects(acknowledged));
    }

    /**
     * A copy is replaced by that of its peer.
     *
     * @param kept whether what it had is set aside as a branch
     */
    void replaced(Machine box, Operations old, Operations next, boolean kept, String reason) {
        var discarded = new BitSet();
        addAll(discarded, old);
        discarded.and(acknowledged);
        discarded.andNot(idsIn(next));
        if (discarded.isEmpty()) {
            return;
        }
        if (!kept || reason.startsWith("R25")) {
            throw new Violation(
                    "R29",
                    "%s drops %d acknowledged operations, %s: %s"
                            .formatted(
                                    box.name(),
                                    discarded.cardinality(),
                                    kept ? "as if nobody knew them" : "and keeps no branch",
                                    reason));
        }
        if (reason.startsWith("R21")) {
            named();
        }
    }

    /** One serves and both copies are equal: whatever was acknowledged must be somewhere. */
    void close(Operations going, Seq completed) {
        var missing = new BitSet();
        missing.or(acknowledged);
        missing.andNot(idsIn(going));
        missing.andNot(lost);
        boolean diverged = !missing.isEmpty();
        for (var box : world.machines()) {
            missing.andNot(idsOn(box));
        }
        if (!missing.isEmpty()) {
            throw new Violation(
                    "R29",
                    "after %s: operation %d was acknowledged, and is in no copy and no branch"
                            .formatted(cause.orElseThrow(), missing.nextSetBit(0)));
        }
        if (diverged && !named && !begunAnew) {
            throw new Violation(
                    "R29",
                    "after "
                            + cause.orElseThrow()
                            + ": operations were acknowledged beside each other, and nobody was told");
        }
        world.trace().say("", () -> "!     judged by every rule again");
        cause = Optional.empty();
        world.invariants().beginAnew(going, completed);
    }

    private static BitSet copyOf(Machine box) {
        var ids = idsIn(box.disk().tree());
        box.daemon().ifPresent(daemon -> addAll(ids, daemon.replica().history()));
        return ids;
    }

    /** With what was set aside on its disk, or lies in a drawer. */
    private static BitSet idsOn(Machine box) {
        var ids = copyOf(box);
        box.branches().forEach(branch -> addAll(ids, branch));
        return ids;
    }

    private static BitSet idsIn(Operations operations) {
        var ids = new BitSet();
        addAll(ids, operations);
        return ids;
    }

    private static void addAll(BitSet ids, Operations operations) {
        for (int i = 0; i < operations.size(); i++) {
            ids.set((int) operations.get(i));
        }
    }
}
