package io.leasehold.blockrep.session;

import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.Event;
import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.Envelope;
import java.util.ArrayList;
import java.util.List;

/**
 * One session with the peer: what each of its frames means, and what must be durable before it is
 * answered. Pure: state, copy and input determine the orders. Not thread-safe.
 *
 * <pre>
 *   (new) ─Opened─► HELLO ──StandingIs, R30──► IDLE ◄────────────────── CompareEnded ──┐
 *                                              │ ▲                                     │
 *              ReplayBegins at our last        │ │ Settling                            │
 *             ┌────────────────────────────────┤ │                                     │
 *             ▼                                │ │                                     │
 *         RECEIVING ───────────────────────────┼─┘                                     │
 *             │ ▲                              ▼                                       │
 *             │ └── ReplayBegins at our last ─ MISPLACED  (from IDLE and RECEIVING,    │
 *             │                                │           by ReplayBegins elsewhere)  │
 *             └───────── CompareBegins ────────┴──────────► COMPARING ─────────────────┘
 *
 *   any ── End was ordered ──► ENDING ── Closed ──► CLOSED
 * </pre>
 *
 * <ul>
 *   <li>HELLO: who the peer is (R30); nothing else is taken from it.
 *   <li>IDLE: the peer may acknowledge what this node sends as primary, or begin to send itself.
 *   <li>RECEIVING: operations, each behind the last one. A flush mark is answered when they are
 *       durable here, and only then they reach the tree (R26).
 *   <li>MISPLACED: it sends operations from where this copy was, not where it is. They are dropped
 *       until it has read the standing that it was sent, and begins anew.
 *   <li>COMPARING: a shadow is built; at most one in a session. Until its end the old copy, its
 *       journal and its lineage stay what they were (R31).
 *   <li>ENDING: what still comes of the session changes nothing.
 * </ul>
 *
 * <p>What only a writer sends is taken at an epoch that is not lower than this node's promise; a
 * higher one is promised durably first (R2).
 */
public final class SessionProtocol {
    /** The target flushes without being asked when so much is not durable. */
    public static final int UNSYNCED_BYTES_MAX = 1 << 20;

    /**
     * Flush marks are acknowledged together if more has arrived, but not beyond so many operations.
     */
    public static final int BATCH_OPERATIONS_MAX = 256;

    private static final List<Order> NOTHING = List.of();

    /** The states of the drawing. */
    public enum Phase {
        NEW,
        HELLO,
        IDLE,
        RECEIVING,
        MISPLACED,
        COMPARING,
        ENDING,
        CLOSED
    }

    private final SessionId id;
    private final ClusterName cluster;
    private final NodeName peer;
    private final LocalCopy copy;

    private Phase phase = Phase.NEW;
    private boolean greeted;
    private Lineage sourceLineage = Lineage.EMPTY;
    private boolean shadowOpen;
    private boolean flushAsked;
    private int unsyncedBytes;
    private int unsyncedOperations;

    /**
     * @param cluster that both must belong to
     * @param peer who must be at the other end
     */
    public SessionProtocol(SessionId id, ClusterName cluster, NodeName peer, LocalCopy copy) {
        this.id = id;
        this.cluster = cluster;
        this.peer = peer;
        this.copy = copy;
    }

    public SessionId id() {
        return id;
    }

    public Phase phase() {
        return phase;
    }

    /** Both have said who they are, and the session is not over. */
    public boolean isGreeted() {
        return greeted && phase != Phase.CLOSED;
    }

    /** R31: a shadow is being built. */
    public boolean isComparing() {
        return shadowOpen;
    }

    /**
     * Takes an input; the orders are to be carried out in their sequence, and the answers to them
     * brought before the next frame.
     *
     * @throws IllegalStateException an input that cannot come now: this node's own mistake
     */
    public List<Order> step(Input input) {
        return switch (input) {
            case Input.Opened() -> opened();
            case Input.Arrived(var envelope) -> arrived(envelope);
            case Input.Handled(var moreIsHere) -> handled(moreIsHere);
            case Input.StandingChanged() ->
                    phase == Phase.NEW || isOver() ? NOTHING : List.of(announcement());
            case Input.Appended appended -> appended(appended);
            case Input.RoomNeeded() -> List.of(new Order.Sync(true));
            case Input.Synced synced -> synced(synced);
            case Input.CompareEnded() -> compareEnded();
            case Input.Settling() -> settling();
            case Input.Malformed(var what) -> isOver() ? NOTHING : violation(what);
            case Input.Failed(var what) -> isOver() ? NOTHING : failure(what);
            case Input.Closed(var reason) -> closed(reason);
        };
    }

    // ---- begin and end ----

    private List<Order> opened() {
        require(phase == Phase.NEW, "opened twice");
        phase = Phase.HELLO;
        return List.of(announcement());
    }

    private Order announcement() {
        var standing = copy.standing();
        return new Order.Send(
                standing.promisedEpoch(), standing.last(), new Frame.StandingIs(cluster, standing));
    }

    private boolean isOver() {
        return phase == Phase.ENDING || phase == Phase.CLOSED;
    }

    private List<Order> end(String reason, Order.Cause cause) {
        phase = Phase.ENDING;
        return List.of(new Order.End(reason, cause));
    }

    /** The peer is told, too: its log must say why there is no session. */
    private List<Order> violation(String what) {
        return concat(
                rejected(what),
                end("the peer sent what it must not: " + what, Order.Cause.VIOLATION));
    }

    private List<Order> failure(String what) {
        var reason = "this node cannot go on with the session: " + what;
        return concat(rejected("it cannot go on: " + what), end(reason, Order.Cause.FAILURE));
    }

    private Order rejected(String reason) {
        var own = copy.standing();
        return new Order.Send(own.promisedEpoch(), own.last(), new Frame.Rejected(reason));
    }

    private List<Order> closed(String reason) {
        require(phase != Phase.CLOSED, "closed twice");
        phase = Phase.CLOSED;
        var orders = new ArrayList<Order>(4);
        orders.add(new Order.Sync(false));
        if (shadowOpen) {
            shadowOpen = false;
            orders.add(new Order.AbandonCompare());
        }
        if (greeted) {
            orders.add(new Order.Tell(new Event.SessionClosed(id, reason)));
            orders.add(new Order.Farewell(reason));
        }
        return orders;
    }

    // ---- frames ----

    private List<Order> arrived(Envelope envelope) {
        require(phase != Phase.NEW && phase != Phase.CLOSED, "a frame in phase " + phase);
        return switch (phase) {
            case ENDING -> NOTHING;
            case HELLO -> greet(envelope);
            case NEW, IDLE, RECEIVING, MISPLACED, COMPARING, CLOSED -> handle(envelope);
        };
    }

    /** Whether it is time to make durable what was appended. */
    private List<Order> handled(boolean moreIsHere) {
        boolean due =
                (flushAsked && !moreIsHere)
                        || unsyncedBytes > UNSYNCED_BYTES_MAX
                        || unsyncedOperations > BATCH_OPERATIONS_MAX;
        return due && !isOver() ? List.of(new Order.Sync(true)) : NOTHING;
    }

    /** R30 refuses what is not this node's other half. */
    private List<Order> greet(Envelope envelope) {
        if (!(envelope.frame() instanceof Frame.StandingIs(var theirCluster, var standing))) {
            return violation("the first frame must be the standing");
        }
        var own = copy.standing();
        if (!theirCluster.equals(cluster)) {
            return violation("R30: the peer belongs to cluster " + theirCluster);
        }
        if (!standing.node().equals(peer)) {
            return violation("R30: the peer calls itself " + standing.node());
        }
        if (standing.device().equals(own.device())) {
            return violation(
                    "R30: both nodes have device " + standing.device() + ": one is a clone");
        }
        phase = Phase.IDLE;
        greeted = true;
        var facts = PeerFacts.of(own, standing);
        return List.of(new Order.Greeted(facts), new Order.CheckReplay(facts));
    }

    private List<Order> handle(Envelope envelope) {
        return switch (envelope.frame()) {
            case Frame.StandingIs(var _, var standing) ->
                    List.of(new Order.CheckReplay(PeerFacts.of(copy.standing(), standing)));
            case Frame.ClusterMessage(var bytes) -> List.of(new Order.Deliver(bytes));
            case Frame.Alive(var root) -> alive(envelope.seq(), root);
            case Frame.Rejected(var reason) ->
                    end("the peer rejects us: " + reason, Order.Cause.REFUSAL);

            // ---- from a target ----
            case Frame.Durable(var root) -> durable(envelope.seq(), root);
            case Frame.CompareAnswer answer -> List.of(new Order.Provide(envelope.seq(), answer));
            case Frame.VerifyAnswer answer -> List.of(new Order.Verified(answer));

            // ---- from a source ----
            case Frame.ReplayBegins _,
                    Frame.Live _,
                    Frame.InSync _,
                    Frame.OperationIs _,
                    Frame.Flush _,
                    Frame.CompareBegins _,
                    Frame.ComparePart _,
                    Frame.CompareEnds _,
                    Frame.VerifyPiece _ ->
                    fromSource(envelope);
        };
    }

    private List<Order> durable(Seq seq, Root root) {
        var roots = copy.check(seq, root);
        var tell = new Order.Tell(new Event.PeerDurable(id, seq, roots));
        return roots == RootCheck.EQUAL
                ? List.of(new Order.NoteRootsEqual(seq), tell)
                : List.of(tell);
    }

    /** Roots are compared about every second, also when nothing is written. */
    private List<Order> alive(Seq seq, Root root) {
        if (seq.equals(Seq.NONE)) {
            return NOTHING;
        }
        if (copy.isLive()) {
            return switch (copy.check(seq, root)) {
                case EQUAL -> List.of(new Order.NoteRootsEqual(seq));
                case DIFFERENT ->
                        List.of(
                                new Order.Tell(
                                        new Event.PeerDurable(id, seq, RootCheck.DIFFERENT)));
                case UNKNOWN -> NOTHING;
            };
        }
        if (phase == Phase.RECEIVING) {
            var own = copy.standing();
            if (own.last().equals(seq)) {
                return own.root().equals(root)
                        ? List.of(new Order.NoteRootsEqual(seq))
                        : diverged(seq, "root " + own.root() + " here, " + root + " at the peer");
            }
        }
        return NOTHING;
    }

    private List<Order> diverged(Seq at, String what) {
        phase = Phase.ENDING;
        return List.of(
                new Order.ReportDivergence(at, what),
                new Order.End("the copies differ at operation " + at, Order.Cause.ORDINARY));
    }

    // ---- as target ----

    /**
     * R2: rejects lower epochs; promises a higher one, durably, before anything of it is acted
     * upon.
     */
    private List<Order> fromSource(Envelope envelope) {
        long epoch = envelope.epoch();
        var own = copy.standing();
        var rejection = copy.rejects(epoch);
        if (rejection.isPresent()) {
            var reason = rejection.get();
            phase = Phase.ENDING;
            return List.of(
                    new Order.NoteRejected(reason),
                    rejected(reason),
                    new Order.End("rejected: " + reason, Order.Cause.REFUSAL));
        }
        if (own.role() == Role.PRIMARY) {
            return end(
                    "R2: the peer writes epoch " + epoch + ", which is higher than ours",
                    Order.Cause.ORDINARY);
        }
        return epoch > own.promisedEpoch()
                ? concat(new Order.Promise(epoch), accepted(envelope, own.promising(epoch)))
                : accepted(envelope, own);
    }

    private List<Order> accepted(Envelope envelope, Standing own) {
        var seq = envelope.seq();
        var frame = envelope.frame();
        if (frame instanceof Frame.ReplayBegins(var lineage)) {
            return replayBegins(seq, lineage, own);
        }
        if (frame instanceof Frame.CompareBegins begins) {
            return compareBegins(envelope.epoch(), seq, begins);
        }
        return switch (phase) {
            case MISPLACED -> NOTHING;
            case RECEIVING -> receiving(envelope, own);
            case COMPARING -> comparing(seq, frame);
            case IDLE -> violation(frame.getClass().getSimpleName() + " without a begin");
            case NEW, HELLO, ENDING, CLOSED ->
                    throw new IllegalStateException("a source in phase " + phase);
        };
    }

    private List<Order> replayBegins(Seq after, Lineage lineage, Standing own) {
        if (phase == Phase.COMPARING) {
            return violation("a replay begins while a compare is under way");
        }
        if (!after.equals(own.last())) {
            // It knew where this node was some time ago: it is told again, and begins anew.
            phase = Phase.MISPLACED;
            return List.of(announcement());
        }
        phase = Phase.RECEIVING;
        sourceLineage = lineage;
        return concat(adopting(own), new Order.Tell(began(ReplicationState.REPLAY_TARGET)));
    }

    private Event began(ReplicationState state) {
        return new Event.SourceBegan(id, state);
    }

    /**
     * The source's epochs, as far as this copy has got: durable before an operation of them is, and
     * behind what they begin behind. A lineage that begins behind the end of its history could
     * never be continued.
     */
    private List<Order> adopting(Standing own) {
        var reached = sourceLineage.upTo(own.last());
        return reached.equals(own.lineage())
                ? NOTHING
                : List.of(
                        new Order.Sync(true),
                        new Order.AdoptLineage(
                                reached, Math.max(own.promisedEpoch(), reached.headEpoch())));
    }

    private List<Order> receiving(Envelope envelope, Standing own) {
        var seq = envelope.seq();
        return switch (envelope.frame()) {
            // Also an epoch that has written nothing yet: newer is the lineage's head (R22).
            case Frame.Live() ->
                    concat(adopting(own), new Order.Tell(began(ReplicationState.MIRRORING)));
            case Frame.InSync(var inSync) ->
                    List.of(
                            new Order.Tell(
                                    began(
                                            inSync
                                                    ? ReplicationState.ESTABLISHED
                                                    : ReplicationState.MIRRORING)));
            case Frame.OperationIs operation -> operation(seq, operation, own);
            case Frame.Flush _ -> {
                flushAsked = true;
                yield NOTHING;
            }
            case Frame.VerifyPiece piece ->
                    List.of(
                            new Order.Sync(true),
                            new Order.AnswerVerify(envelope.epoch(), seq, piece));
            case Frame.ComparePart _, Frame.CompareEnds _ ->
                    violation("a part of a compare that has not begun");
            case Frame.ReplayBegins _, Frame.CompareBegins _ -> throw elsewhere(envelope);
            case Frame.StandingIs _,
                    Frame.ClusterMessage _,
                    Frame.Alive _,
                    Frame.Rejected _,
                    Frame.Durable _,
                    Frame.CompareAnswer _,
                    Frame.VerifyAnswer _ ->
                    throw elsewhere(envelope);
        };
    }

    private static IllegalStateException elsewhere(Envelope envelope) {
        return new IllegalStateException("is handled elsewhere: " + envelope.frame());
    }

    private List<Order> operation(Seq seq, Frame.OperationIs operation, Standing own) {
        if (!seq.equals(own.last().next())) {
            return violation("operation " + seq + " behind " + own.last());
        }
        List<Order> orders = List.of(new Order.MakeRoom(), new Order.Append(seq, operation));
        return operation.writerEpoch() > own.lineage().headEpoch()
                ? concat(adopting(own), orders)
                : orders;
    }

    private List<Order> appended(Input.Appended appended) {
        if (!appended.sameRoot()) {
            return diverged(appended.seq(), "the operation leads to another root than the peer's");
        }
        unsyncedBytes += appended.bytes();
        unsyncedOperations++;
        return NOTHING;
    }

    /**
     * Acknowledged first, applied then: the acknowledgement must not wait for the tree, and the
     * tree must not be ahead of the journal (R26).
     */
    private List<Order> synced(Input.Synced synced) {
        flushAsked = false;
        unsyncedBytes = 0;
        unsyncedOperations = 0;
        return synced.acknowledge() && phase == Phase.RECEIVING
                ? List.of(
                        new Order.Send(
                                copy.standing().promisedEpoch(),
                                synced.last(),
                                new Frame.Durable(synced.root())),
                        new Order.Apply())
                : List.of(new Order.Apply());
    }

    private List<Order> settling() {
        if (phase == Phase.RECEIVING) {
            phase = Phase.IDLE;
        }
        return List.of(new Order.Sync(false));
    }

    // ---- compare ----

    private List<Order> compareBegins(long epoch, Seq base, Frame.CompareBegins begins) {
        if (phase == Phase.COMPARING) {
            return violation("a compare begins while another one is under way in this session");
        }
        phase = Phase.COMPARING;
        shadowOpen = true;
        return List.of(
                new Order.Sync(false),
                new Order.BeginCompare(epoch, base, begins),
                new Order.Tell(began(ReplicationState.COMPARE_TARGET)));
    }

    private List<Order> comparing(Seq seq, Frame frame) {
        return switch (frame) {
            case Frame.ComparePart part -> List.of(new Order.TakePart(seq, part));
            case Frame.CompareEnds ends -> List.of(new Order.EndCompare(seq, ends));
            case Frame.ReplayBegins _,
                    Frame.Live _,
                    Frame.InSync _,
                    Frame.OperationIs _,
                    Frame.Flush _,
                    Frame.CompareBegins _,
                    Frame.VerifyPiece _,
                    Frame.StandingIs _,
                    Frame.ClusterMessage _,
                    Frame.Alive _,
                    Frame.Rejected _,
                    Frame.Durable _,
                    Frame.CompareAnswer _,
                    Frame.VerifyAnswer _ ->
                    violation(frame.getClass().getSimpleName() + " within a compare");
        };
    }

    private List<Order> compareEnded() {
        require(phase == Phase.COMPARING, "a compare ended in phase " + phase);
        phase = Phase.IDLE;
        shadowOpen = false;
        return List.of(announcement());
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    private static List<Order> concat(Order first, List<Order> rest) {
        return concat(List.of(first), rest);
    }

    private static List<Order> concat(List<Order> first, Order last) {
        return concat(first, List.of(last));
    }

    private static List<Order> concat(List<Order> first, List<Order> second) {
        var both = new ArrayList<Order>(first.size() + second.size());
        both.addAll(first);
        both.addAll(second);
        return both;
    }
}
