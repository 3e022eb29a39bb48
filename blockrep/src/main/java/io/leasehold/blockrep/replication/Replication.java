package io.leasehold.blockrep.replication;

import static io.leasehold.blockrep.replication.ReplicationState.COMPARE_SOURCE;
import static io.leasehold.blockrep.replication.ReplicationState.ESTABLISHED;
import static io.leasehold.blockrep.replication.ReplicationState.MIRRORING;
import static io.leasehold.blockrep.replication.ReplicationState.OFF;
import static io.leasehold.blockrep.replication.ReplicationState.REFUSED;
import static io.leasehold.blockrep.replication.ReplicationState.REPLAY_SOURCE;

import io.leasehold.blockrep.replication.Effect.CloseSession;
import io.leasehold.blockrep.replication.Effect.Complete;
import io.leasehold.blockrep.replication.Effect.RefusePeer;
import io.leasehold.blockrep.replication.Effect.ReportDivergence;
import io.leasehold.blockrep.replication.Effect.StartCompare;
import io.leasehold.blockrep.replication.Effect.StartReplay;
import io.leasehold.blockrep.replication.Effect.WantGrow;
import io.leasehold.blockrep.replication.Effect.WantShrink;
import io.leasehold.blockrep.replication.Event.CompareSent;
import io.leasehold.blockrep.replication.Event.Demoted;
import io.leasehold.blockrep.replication.Event.DiskFailed;
import io.leasehold.blockrep.replication.Event.FlushWanted;
import io.leasehold.blockrep.replication.Event.FoundDifferent;
import io.leasehold.blockrep.replication.Event.LocallyDurable;
import io.leasehold.blockrep.replication.Event.PeerDurable;
import io.leasehold.blockrep.replication.Event.PeerReady;
import io.leasehold.blockrep.replication.Event.Promised;
import io.leasehold.blockrep.replication.Event.Promoted;
import io.leasehold.blockrep.replication.Event.RecordChanged;
import io.leasehold.blockrep.replication.Event.ReplayCheck;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Event.SessionClosed;
import io.leasehold.blockrep.replication.Event.SourceBegan;
import io.leasehold.blockrep.replication.Event.Tick;
import io.leasehold.blockrep.replication.Event.WentLive;
import io.leasehold.blockrep.volume.Seq;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Decides when an operation is complete, when completions freeze, and how the peer is made equal.
 * Pure: state, time and event determine the effects. Not thread-safe; whoever brings an event holds
 * the lock that guards this object (caller-runs, ADR 0013).
 *
 * <pre>
 *  What a primary sends in a session:
 *
 *              PeerReady                     PeerReady (compare has ended)
 *   OFF ──────────┬───────────────┬──────────────────────────┐
 *    ▲            ▼               ▼                          │
 *    │         REFUSED     REPLAY_SOURCE ◄───────── COMPARE_SOURCE
 *    │     R4,R24,R29,R30        │ WentLive                  ▲
 *    │                           ▼                           │ roots differ: in the next session
 *    │                       MIRRORING ── acknowledged, roots equal (R10) ──► WantGrow
 *    │                           │  ▲                                            │
 *    │           peer in inSync  │  │ RecordChanged: alone                       │ RecordChanged: both
 *    │                           ▼  │                                            │
 *    └── SessionClosed ───── ESTABLISHED ◄───────────────────────────────────────┘
 *
 *  COMPARE_SOURCE is left only when the peer stands where the compare was to bring it, and with the
 *  session: what the peer says of itself meanwhile, because it promised an epoch, plans nothing.
 *
 *  Who must be durable before a completion (R3):
 *
 *   this node                          always
 *   the peer                           while it is in inSync, while MIRRORING (R10), and from
 *                                      WantGrow until the record says how that ended
 *
 *  Frozen (R4): the peer is needed, and its session is lost or silent for replicaTimeout.
 *  WantShrink is said once; RecordChanged to this node alone, or the peer's acknowledgements, end it.
 *  Who was silent for so long and is not in inSync any more is REFUSED for a while.
 * </pre>
 *
 * <p>A secondary only notes what it is told ({@link SourceBegan}) and judges epochs ({@link
 * #rejects}).
 */
public final class Replication {
    /**
     * After the record was not grown although it could have been: wait so long before asking again.
     */
    static final long GROW_AGAIN_NANOS = 1_000_000_000L;

    /**
     * A peer that did not acknowledge in time, and is not needed, is left alone for so long; twice
     * as long if it happens again soon. Without a pause each of its returns would hold completions
     * back for another replicaTimeout (R10), and with a slow disk it returns at once.
     */
    static final long LEFT_ALONE_NANOS_FIRST = 5_000_000_000L;

    static final long LEFT_ALONE_NANOS_MAX = 30_000_000_000L;

    private static final List<Effect> NOTHING = List.of();

    private final NodeName self;
    private final NodeName peerName;
    private final long replicaTimeoutNanos;

    private Role role = Role.SECONDARY;
    private long promisedEpoch;
    private long epoch;
    private Set<NodeName> inSync = Set.of();
    private long recordGeneration;
    private Optional<String> diskFailure = Optional.empty();

    private Optional<SessionId> session = Optional.empty();
    private Optional<PeerFacts> peer = Optional.empty();

    /** What a person decided, as epochs of this writer's history (R21). */
    private Lineage decided = Lineage.EMPTY;

    private ReplayCheck replay = ReplayCheck.POSSIBLE;

    /** Counts the plans, so that what a replaced one still reports is known as such. */
    private long plan;

    private ReplicationState state = OFF;
    private Optional<String> refusal = Optional.empty();

    /** It was refused because clients may have been told what only it has. */
    private boolean splitBrain;

    /** The copies were found different at an equal position: only a compare can mend that. */
    private boolean divergent;

    /** The compare that is under way began when the copies were known to differ. */
    private boolean comparesEverything;

    /** Where the peer stands when the compare that was sent to it has ended. */
    private Optional<CompareSent> compareSent = Optional.empty();

    /** MIRRORING became equal when the peer acknowledged this. */
    private Seq liveAt = Seq.NONE;

    private boolean growPending;
    private OptionalLong growNotBeforeNanos = OptionalLong.empty();
    private Optional<Seq> equalAt = Optional.empty();

    private Seq localDurable = Seq.NONE;
    private Seq peerDurable = Seq.NONE;
    private Seq flushWanted = Seq.NONE;
    private Seq completed = Seq.NONE;

    /** Since when the peer owes an acknowledgement and has made no progress. */
    private OptionalLong peerOwesSinceNanos = OptionalLong.empty();

    /** It did not acknowledge in time, and was not equal again since. */
    private boolean tooSlow;

    /** Until when it is left alone because of that, or was. */
    private OptionalLong leftAloneUntilNanos = OptionalLong.empty();

    private long leftAloneNanos;

    /** REFUSED because of that, and nothing else. */
    private boolean refusedForNow;

    private OptionalLong frozenSinceNanos = OptionalLong.empty();
    private Optional<String> frozenReason = Optional.empty();

    /**
     * @param promisedEpoch as it is durable
     * @param replicaTimeoutNanos how long an acknowledgement may take
     */
    public Replication(NodeName self, NodeName peer, long promisedEpoch, long replicaTimeoutNanos) {
        this.self = self;
        this.peerName = peer;
        this.promisedEpoch = promisedEpoch;
        this.replicaTimeoutNanos = replicaTimeoutNanos;
    }

    /** Takes an event; the effects are to be performed in their order. */
    public List<Effect> step(long nowNanos, Event event) {
        return switch (event) {
            case FlushWanted(var upTo) -> flushWanted(nowNanos, upTo);
            case LocallyDurable(var upTo) -> {
                localDurable = later(localDurable, upTo);
                yield complete();
            }
            case PeerDurable(var from, var upTo, var roots) when isOpen(from) ->
                    peerDurable(nowNanos, upTo, roots);
            // A replay that was replaced by another plan in the same session says nothing any more.
            case WentLive(var from, long ofPlan, var at) when isOpen(from) && ofPlan == plan ->
                    wentLive(nowNanos, at);
            case CompareSent sent when isOpen(sent.session()) && state == COMPARE_SOURCE -> {
                compareSent = Optional.of(sent);
                yield NOTHING;
            }
            case PeerReady(var opened, var facts, var check) ->
                    peerReady(nowNanos, opened, facts, check);
            case SessionClosed(var closed, var reason) when isOpen(closed) ->
                    sessionClosed(nowNanos, reason);
            case SourceBegan(var from, var began) when isOpen(from) -> {
                if (role == Role.PRIMARY) {
                    throw new IllegalStateException("R1: a primary is nobody's target");
                }
                state = began;
                yield NOTHING;
            }
            // H13: what an older session still delivers is dropped.
            case PeerDurable _, WentLive _, CompareSent _, SessionClosed _, SourceBegan _ ->
                    NOTHING;
            case Promised(var promised) -> {
                promisedEpoch = Math.max(promisedEpoch, promised);
                yield NOTHING;
            }
            case Promoted promoted -> promoted(nowNanos, promoted);
            case RecordChanged changed -> recordChanged(nowNanos, changed);
            case Demoted() -> demoted(nowNanos);
            case DiskFailed(var reason) -> {
                diskFailure = Optional.of(reason);
                yield NOTHING;
            }
            case FoundDifferent(var yes) -> {
                divergent = yes;
                comparesEverything = false;
                yield NOTHING;
            }
            case Tick() -> tick(nowNanos);
        };
    }

    /** When {@link Tick} would next change something. */
    public OptionalLong nextDeadlineNanos() {
        if (role == Role.PRIMARY && peerOwesSinceNanos.isPresent() && isLive()) {
            return OptionalLong.of(peerOwesSinceNanos.getAsLong() + replicaTimeoutNanos);
        }
        if (isRefusedForNow()) {
            return leftAloneUntilNanos;
        }
        return mayAskToGrow() ? growNotBeforeNanos : OptionalLong.empty();
    }

    /**
     * R2: why a frame of {@code frameEpoch} is rejected; empty if it is not. A higher epoch must be
     * promised durably before the frame is acted upon. Nothing is taken once the disk has failed
     * (R32): as long as nobody writes, this copy would be found equal, and counted in again.
     */
    public Optional<String> rejects(long frameEpoch) {
        if (diskFailure.isPresent()) {
            return Optional.of(
                    "R32: the disk of %s has failed: %s".formatted(self, diskFailure.get()));
        }
        if (frameEpoch < promisedEpoch) {
            return Optional.of("R2: epoch " + frameEpoch + ", promised is " + promisedEpoch);
        }
        if (frameEpoch <= epoch) {
            // Also once it has stopped (R29): what it acknowledged in that epoch, the epoch's
            // other writer may not know.
            return Optional.of(
                    "R1: epoch %d, this node %s epoch %d"
                            .formatted(
                                    frameEpoch, role == Role.PRIMARY ? "writes" : "wrote", epoch));
        }
        return Optional.empty();
    }

    // ---- getters: for facts ----

    public Role role() {
        return role;
    }

    public long epoch() {
        return epoch;
    }

    public long promisedEpoch() {
        return promisedEpoch;
    }

    public Set<NodeName> inSync() {
        return inSync;
    }

    public long recordGeneration() {
        return recordGeneration;
    }

    public ReplicationState state() {
        return state;
    }

    public Optional<SessionId> session() {
        return session;
    }

    public Optional<PeerFacts> peer() {
        return peer;
    }

    public Optional<String> refusal() {
        return refusal;
    }

    /**
     * R29: both copies may have what clients were told and the other one lacks, and no person has
     * decided yet. Whoever writes one of them must stop serving.
     */
    public boolean isSplitBrain() {
        return splitBrain;
    }

    public Seq completed() {
        return completed;
    }

    public Seq peerDurable() {
        return peerDurable;
    }

    public OptionalLong frozenSinceNanos() {
        return frozenSinceNanos;
    }

    public Optional<String> frozenReason() {
        return frozenReason;
    }

    /** The copies were found to differ, and nothing less than a compare of everything is done. */
    public boolean isFoundDifferent() {
        return divergent;
    }

    public Optional<String> diskFailure() {
        return diskFailure;
    }

    /** Whether each operation is sent as soon as it has its place. */
    public boolean isLive() {
        return role == Role.PRIMARY && (state == MIRRORING || state == ESTABLISHED);
    }

    /** R3, R10: whether a completion needs the peer. */
    public boolean needsPeer() {
        return role == Role.PRIMARY && (inSync.contains(peerName) || growPending || isLive());
    }

    /** R4: whether somebody waits for the peer alone: on this disk it is. */
    public boolean isHeldUp() {
        return needsPeer()
                && diskFailure.isEmpty()
                && flushWanted.isAfter(completed)
                && localDurable.isAfter(completed);
    }

    /** R10: the record may count the peer in at any moment, and how that ends was not heard yet. */
    public boolean isGrowPending() {
        return growPending;
    }

    // ---- completing ----

    private List<Effect> flushWanted(long nowNanos, Seq upTo) {
        flushWanted = later(flushWanted, upTo);
        if (peerOwesSinceNanos.isEmpty() && needsPeer() && flushWanted.isAfter(peerDurable)) {
            peerOwesSinceNanos = OptionalLong.of(nowNanos);
        }
        return complete();
    }

    /** R3, R33: complete what is durable here, and at the peer if it is needed. */
    private List<Effect> complete() {
        if (role != Role.PRIMARY || diskFailure.isPresent()) {
            return NOTHING;
        }
        var durable = needsPeer() && localDurable.isAfter(peerDurable) ? peerDurable : localDurable;
        if (!durable.isAfter(completed)) {
            return NOTHING;
        }
        completed = durable;
        return List.of(new Complete(completed));
    }

    private List<Effect> peerDurable(long nowNanos, Seq upTo, RootCheck roots) {
        if (roots == RootCheck.DIFFERENT) {
            divergent = true;
            var open = session.orElseThrow();
            return concat(
                    List.of(
                            new ReportDivergence(upTo),
                            new CloseSession(open, "the copies differ at operation " + upTo)),
                    sessionClosed(nowNanos, "the copies differ at operation " + upTo));
        }
        if (upTo.isAfter(peerDurable)) {
            peerDurable = upTo;
            peerOwesSinceNanos =
                    flushWanted.isAfter(peerDurable)
                            ? OptionalLong.of(nowNanos)
                            : OptionalLong.empty();
        }
        if (isLive() && roots == RootCheck.EQUAL && !liveAt.isAfter(upTo)) {
            equalAt = Optional.of(upTo);
            tooSlow = false;
        }
        var effects = complete();
        if (isLive() && equalAt.isPresent()) {
            if (inSync.contains(peerName)) {
                state = ESTABLISHED;
                thaw();
            }
            return concat(effects, askToGrow(nowNanos));
        }
        return effects;
    }

    // ---- sessions ----

    private List<Effect> peerReady(
            long nowNanos, SessionId opened, PeerFacts facts, ReplayCheck check) {
        List<Effect> before = NOTHING;
        if (session.isPresent() && !session.get().equals(opened)) {
            if (session.get().value() > opened.value()) {
                return NOTHING;
            }
            before = sessionClosed(nowNanos, "a newer session has opened");
        } else if (state == COMPARE_SOURCE) {
            if (!hasEndedCompare(facts.standing())) {
                // It announces itself for another reason, as when it promises an epoch. Two
                // compares in one session could not be told apart: the end of the one would cut off
                // what the other still has to copy.
                return NOTHING;
            }
            divergent = divergent && !comparesEverything;
        }
        session = Optional.of(opened);
        peer = Optional.of(facts);
        replay = check;
        state = OFF;
        admit();
        return concat(before, plan(nowNanos));
    }

    private boolean hasEndedCompare(Standing standing) {
        return compareSent.isPresent()
                && compareSent.get().at().equals(standing.last())
                && compareSent.get().root().equals(standing.root());
    }

    private List<Effect> plan(long nowNanos) {
        if (role == Role.PRIMARY && session.isPresent() && !needsPeer() && isLeftAlone(nowNanos)) {
            state = REFUSED;
            refusedForNow = true;
            refusal =
                    Optional.of(
                            "R4: the peer did not acknowledge within %d ms, and is left alone for %d s"
                                    .formatted(
                                            replicaTimeoutNanos / 1_000_000,
                                            leftAloneNanos / 1_000_000_000));
            return NOTHING;
        }
        var effects = plan();
        // A member of inSync that can't acknowledge soon: R4, completions must not wait for it
        // silently.
        return needsPeer() && state != REPLAY_SOURCE
                ? concat(effects, freeze(nowNanos, whyNotReplayed(effects)))
                : effects;
    }

    private String whyNotReplayed(List<Effect> plan) {
        if (plan.isEmpty()) {
            return "there is no session with the peer";
        }
        return switch (plan.getLast()) {
            case StartCompare(var _, var reason, var _, var _) ->
                    "the peer is compared first: " + reason;
            case RefusePeer(var _, var reason) -> reason;
            case Complete _,
                    WantShrink _,
                    WantGrow _,
                    StartReplay _,
                    CloseSession _,
                    ReportDivergence _ ->
                    throw new IllegalStateException("no plan: " + plan);
        };
    }

    /** Who is made equal to whom, and how (R22-R25). Only a primary is a source (R24). */
    private List<Effect> plan() {
        if (role != Role.PRIMARY || session.isEmpty() || peer.isEmpty()) {
            return NOTHING;
        }
        plan++;
        var to = session.get();
        var facts = peer.get();
        peerDurable = Seq.NONE;
        equalAt = Optional.empty();
        if (facts.standing().role() == Role.PRIMARY) {
            return refuse(
                    to,
                    "R1: the peer writes epoch "
                            + facts.standing().lineage().headEpoch()
                            + ", this node epoch "
                            + epoch);
        }
        if (facts.standing().promisedEpoch() > epoch) {
            return refuse(
                    to,
                    "R2: the peer promised epoch "
                            + facts.standing().promisedEpoch()
                            + ", this node writes epoch "
                            + epoch);
        }
        return switch (facts.relation()) {
            case UNRELATED ->
                    refuse(
                            to,
                            "R30: the two histories have no common beginning: one of the copies is of another volume; find"
                                    + " out which, and set that node up anew with an empty volume and journal");
            case PEER_AHEAD ->
                    // A copy without an operation is behind the peer's also when a person chose it.
                    isChosenOver(facts)
                            ? setAside(to, facts)
                            : refuse(
                                    to,
                                    "R24: the peer has operations that this primary lacks: hand over to it, or force this"
                                            + " history with `clusterctl promote --force`");
            case DIVERGED -> {
                var common = facts.common();
                if (isChosenOver(facts)) {
                    yield setAside(to, facts);
                }
                if (facts.splitBrain() || facts.standing().acknowledgedBeyond(common)) {
                    // Also if this writer has acknowledged nothing: what the peer has, clients were
                    // told.
                    splitBrain = true;
                    yield refuse(
                            to,
                            "R29: the peer may have acknowledged what it wrote alone behind operation "
                                    + common
                                    + ": choose a history with `clusterctl promote --force` on its node; the other one"
                                    + " is kept as a branch");
                }
                yield compare(
                        to,
                        "R25: the peer has a tail behind operation "
                                + common
                                + " that this history does not have",
                        facts.hasOwnTail(),
                        Optional.of(common));
            }
            case EQUAL, PEER_BEHIND -> {
                boolean known = divergent;
                divergent |= replay == ReplayCheck.ROOTS_DIFFER;
                if (divergent) {
                    // Whatever is wrong with one of them: a person is told, and may look at both.
                    var compare =
                            compare(
                                    to,
                                    "R10: the copies differ although their lineages agree",
                                    true,
                                    Optional.empty());
                    yield known
                            ? compare
                            : concat(
                                    List.of(new ReportDivergence(facts.standing().last())),
                                    compare);
                }
                if (replay == ReplayCheck.RECORDS_GONE) {
                    yield compare(
                            to,
                            "the journal does not reach back to " + facts.standing().last(),
                            facts.hasOwnTail(),
                            Optional.of(facts.common()));
                }
                state = REPLAY_SOURCE;
                yield List.of(new StartReplay(to, plan, facts.standing().last().next()));
            }
        };
    }

    /**
     * R21: a person chose this history over the peer's. A choice that the peer's history has, too,
     * is none between the two, also where they share no operation behind it.
     */
    private boolean isChosenOver(PeerFacts facts) {
        return decided.without(facts.standing().lineage()).beginsBehind(facts.common());
    }

    private List<Effect> setAside(SessionId to, PeerFacts facts) {
        return compare(
                to,
                "R21: a person chose this history, and what the peer has behind operation "
                        + facts.common()
                        + " is set aside",
                facts.hasOwnTail(),
                Optional.of(facts.common()));
    }

    private List<Effect> compare(
            SessionId to, String reason, boolean keepBranch, Optional<Seq> common) {
        state = COMPARE_SOURCE;
        compareSent = Optional.empty();
        comparesEverything = divergent;
        // What is noted of changes says nothing about a difference that nobody made.
        return List.of(
                new StartCompare(
                        to,
                        reason,
                        keepBranch || divergent,
                        common.filter(seq -> seq.isAfter(Seq.NONE) && !divergent)));
    }

    private List<Effect> refuse(SessionId to, String reason) {
        state = REFUSED;
        refusedForNow = false;
        refusal = Optional.of(reason);
        return List.of(new RefusePeer(to, reason));
    }

    /** Nothing is refused until the next plan. */
    private void admit() {
        refusal = Optional.empty();
        splitBrain = false;
    }

    private List<Effect> wentLive(long nowNanos, Seq at) {
        if (state != REPLAY_SOURCE) {
            throw new IllegalStateException("live out of " + state);
        }
        state = MIRRORING;
        liveAt = at;
        if (flushWanted.isAfter(peerDurable)) {
            peerOwesSinceNanos = OptionalLong.of(nowNanos);
        }
        return NOTHING;
    }

    private List<Effect> sessionClosed(long nowNanos, String reason) {
        session = Optional.empty();
        peer = Optional.empty();
        state = OFF;
        admit();
        equalAt = Optional.empty();
        peerOwesSinceNanos = OptionalLong.empty();
        growNotBeforeNanos = OptionalLong.empty();
        // R4 if the peer is (or may by now be) in inSync; otherwise nobody ever counted on it.
        return needsPeer() ? freeze(nowNanos, "session lost: " + reason) : complete();
    }

    // ---- the record ----

    private List<Effect> promoted(long nowNanos, Promoted promoted) {
        if (promoted.epoch() < promisedEpoch || promoted.epoch() <= epoch) {
            throw new IllegalStateException(
                    "R1: promoted to epoch "
                            + promoted.epoch()
                            + ", promised "
                            + promisedEpoch
                            + ", wrote "
                            + epoch);
        }
        if (!promoted.inSync().contains(self)) {
            throw new IllegalStateException("R6: promoted, but not in sync: " + promoted.inSync());
        }
        var before = concat(endCompare(nowNanos), endAsTarget(nowNanos));
        role = Role.PRIMARY;
        epoch = promoted.epoch();
        promisedEpoch = epoch;
        inSync = Set.copyOf(promoted.inSync());
        decided = promoted.decided();
        recordGeneration = promoted.recordGeneration();
        localDurable = promoted.durable();
        peerDurable = Seq.NONE;
        completed = Seq.NONE;
        flushWanted = promoted.tail();
        growPending = false;
        tooSlow = false;
        leftAloneUntilNanos = OptionalLong.empty();
        peer = peer.map(PeerFacts::afterOurPromotion);
        thaw();
        state = OFF;
        admit();
        return concat(before, concat(plan(nowNanos), complete()));
    }

    /**
     * The writer whose epoch the frames of a compare carry is no more. What the target still
     * answers to it must not reach the next compare: that one gets a session of its own.
     */
    private List<Effect> endCompare(long nowNanos) {
        if (state != COMPARE_SOURCE || session.isEmpty()) {
            return NOTHING;
        }
        var reason = "the compare ends with the epoch of its writer";
        return concat(
                List.of(new CloseSession(session.get(), reason)), sessionClosed(nowNanos, reason));
    }

    /**
     * The peer has been our source since it said how it stands: what it and we have in common is
     * more than what was compared then, and it may have written more since. Only a new session
     * tells.
     */
    private List<Effect> endAsTarget(long nowNanos) {
        if (role == Role.PRIMARY || state == OFF || session.isEmpty()) {
            return NOTHING;
        }
        var reason = "the source of this session is not the writer any more";
        return concat(
                List.of(new CloseSession(session.get(), reason)), sessionClosed(nowNanos, reason));
    }

    private List<Effect> recordChanged(long nowNanos, RecordChanged changed) {
        if (role != Role.PRIMARY || changed.epoch() != epoch) {
            return NOTHING;
        }
        if (!changed.inSync().contains(self)) {
            throw new IllegalStateException(
                    "R11: the record of epoch "
                            + epoch
                            + " does not name its writer: demote first");
        }
        inSync = Set.copyOf(changed.inSync());
        recordGeneration = changed.recordGeneration();
        boolean grewInVain = growPending;
        growPending = false;
        if (!inSync.contains(peerName)) {
            if (grewInVain || state == ESTABLISHED) {
                growNotBeforeNanos = OptionalLong.of(nowNanos + GROW_AGAIN_NANOS);
            }
            if (state == ESTABLISHED) {
                state = MIRRORING;
            }
            thaw();
            if (tooSlow && (state == REPLAY_SOURCE || state == MIRRORING)) {
                leftAloneUntilNanos = OptionalLong.of(nowNanos + leftAloneNanos);
                return closeSession(nowNanos, "it did not acknowledge in time, and is not needed");
            }
            return complete();
        }
        if (state == MIRRORING && equalAt.isPresent()) {
            state = ESTABLISHED;
            thaw();
        }
        return session.isPresent()
                ? complete()
                : freeze(nowNanos, "the record names the peer, but there is no session");
    }

    private List<Effect> askToGrow(long nowNanos) {
        if (!mayAskToGrow()
                || (growNotBeforeNanos.isPresent()
                        && nowNanos - growNotBeforeNanos.getAsLong() < 0)) {
            return NOTHING;
        }
        // R10: from here on the record may change at any moment: both are needed until we know.
        growPending = true;
        return List.of(new WantGrow(equalAt.orElseThrow()));
    }

    private boolean mayAskToGrow() {
        return role == Role.PRIMARY
                && state == MIRRORING
                && equalAt.isPresent()
                && !growPending
                && !inSync.contains(peerName);
    }

    private List<Effect> demoted(long nowNanos) {
        role = Role.SECONDARY;
        admit();
        inSync = Set.of();
        growPending = false;
        var effects = endCompare(nowNanos);
        state = OFF;
        flushWanted = Seq.NONE;
        peerOwesSinceNanos = OptionalLong.empty();
        thaw();
        return effects;
    }

    // ---- time ----

    private List<Effect> tick(long nowNanos) {
        if (role == Role.PRIMARY
                && isLive()
                && peerOwesSinceNanos.isPresent()
                && nowNanos - peerOwesSinceNanos.getAsLong() >= replicaTimeoutNanos) {
            var reason =
                    "no acknowledgement of operation "
                            + flushWanted
                            + " within "
                            + replicaTimeoutNanos / 1_000_000
                            + " ms";
            leaveAlone(nowNanos);
            return closeSession(nowNanos, reason);
        }
        if (isRefusedForNow() && !isLeftAlone(nowNanos)) {
            // How it stands by now, and whether the journal still reaches back, is asked anew.
            return closeSession(nowNanos, "the peer is tried again");
        }
        return askToGrow(nowNanos);
    }

    private void leaveAlone(long nowNanos) {
        tooSlow = true;
        boolean again =
                leftAloneUntilNanos.isPresent()
                        && nowNanos - leftAloneUntilNanos.getAsLong() < LEFT_ALONE_NANOS_MAX;
        leftAloneNanos =
                again ? Math.min(2 * leftAloneNanos, LEFT_ALONE_NANOS_MAX) : LEFT_ALONE_NANOS_FIRST;
        leftAloneUntilNanos = OptionalLong.of(nowNanos + leftAloneNanos);
    }

    private boolean isLeftAlone(long nowNanos) {
        return leftAloneUntilNanos.isPresent() && nowNanos - leftAloneUntilNanos.getAsLong() < 0;
    }

    private boolean isRefusedForNow() {
        return role == Role.PRIMARY && state == REFUSED && refusedForNow;
    }

    private List<Effect> closeSession(long nowNanos, String reason) {
        var open = session.orElseThrow();
        return concat(List.of(new CloseSession(open, reason)), sessionClosed(nowNanos, reason));
    }

    private List<Effect> freeze(long nowNanos, String reason) {
        if (frozenSinceNanos.isPresent()) {
            return NOTHING;
        }
        frozenSinceNanos = OptionalLong.of(nowNanos);
        frozenReason = Optional.of(reason);
        return List.of(new WantShrink(reason));
    }

    private void thaw() {
        frozenSinceNanos = OptionalLong.empty();
        frozenReason = Optional.empty();
    }

    private boolean isOpen(SessionId other) {
        return session.isPresent() && session.get().equals(other);
    }

    private static Seq later(Seq a, Seq b) {
        return a.isAfter(b) ? a : b;
    }

    private static List<Effect> concat(List<Effect> first, List<Effect> second) {
        if (first.isEmpty()) {
            return second;
        }
        if (second.isEmpty()) {
            return first;
        }
        var both = new ArrayList<>(first);
        both.addAll(second);
        return List.copyOf(both);
    }
}
