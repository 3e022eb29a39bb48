package io.leasehold.heartbeat.record.arbiter.zookeeper;

import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.ClusterRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One node's dealings with the record in the ensemble: looks at it, changes it by conditional
 * write, confirms it. Pure; one owner calls it.
 *
 * <pre>
 *            wish                     base known, or seen by a look
 *   QUIET ---------> LOOKING ---------------------------------------> (Decide)
 *     ^                 ^                                                |  propose
 *     |                 |  version mismatch: it was never taken          v
 *     +<-- Won ---------|------------------------------------------- WRITING
 *     |                 |                                                |  unknown: no answer,
 *     |                 |                                                v  connection lost
 *     |                 +<-- looks at the record -------------------- UNDECIDED
 *     |    the base still, or mine: the same request again, on the version that was seen
 *     |    the base still, and nobody wishes it any more: the base again, which voids the request
 *     +<-- Won, or Lost: somebody else's record
 * </pre>
 *
 * <p>Why so (R11): a request whose answer is missing may have been executed, may be executed later,
 * or never; a look tells nothing for sure, because the request may still be on its way, and because
 * an isolated leader answers looks. A won conditional write on the version that was seen does: the
 * older request named an older version, so from then on it can only fail. Because the same request
 * id is written again, it does not matter which of the two tries was taken (H2, H3, H4).
 *
 * <p>A confirmation (R9) is a conditional write of the record as it is; it counts from its sending.
 * If the ensemble has the same rights at an older epoch (a restart that needed no ensemble), it is
 * brought up to date thereby.
 *
 * <p>Sessions of ZooKeeper carry no right here, so their expiry needs no treatment of its own: it
 * is one more way to lose a connection.
 */
public final class EnsembleRecord {

    /** What is ordered or reported. */
    public sealed interface Step {
        /** To be sent. */
        record Ask(EnsembleRequest request) implements Step {}

        /**
         * Somebody's record was seen; true at some moment, a permission never. An own one whose
         * writing is undecided is not reported: it is settled first.
         */
        record Seen(Optional<ClusterRecord> record) implements Step {}

        /** The wish can be written onto this base: answer by {@link #propose}, or by nothing. */
        record Decide(Change change, Optional<ClusterRecord> base) implements Step {}

        /** The ensemble took it; asked for at {@code sentNanos}. */
        record Won(Proposal proposal, long sentNanos) implements Step {}

        /** It was not taken and never will be. */
        record Lost(Proposal proposal, String reason) implements Step {}

        /** The record was still the one that was to be confirmed, after {@code sentNanos}. */
        record Confirmed(long sentNanos) implements Step {}

        /** While this node waits to take over, the record is being confirmed (R15). */
        record PeerConfirms() implements Step {}

        record ConnectionChanged(boolean connected, String reason) implements Step {}

        /** The ensemble refuses; a person must look. */
        record Trouble(String reason) implements Step {}
    }

    /**
     * One change of the record.
     *
     * @param base what it changes; empty if there is no record yet
     */
    public record Proposal(Change change, Optional<ClusterRecord> base, ClusterRecord next) {}

    /**
     * @param patienceNanos how long the record must have been left alone before it is changed, so
     *     that a primary which this node cannot hear keeps it as long as it confirms (R15); 0: at
     *     once
     */
    private record Wish(Change change, long patienceNanos) {}

    private record Known(Optional<ClusterRecord> record, ZnodeVersion version) {}

    private record Watch(ZnodeVersion version, long sinceNanos) {}

    private enum Kind {
        LOOK,
        /** The first try of a proposal: a version mismatch is a definite no. */
        PROPOSE,
        /** The proposal again, after an unknown result. */
        DECIDE,
        /** The base again, to void a proposal that nobody wishes any more. */
        WITHDRAW,
        CONFIRM,
        /** The record as it is, to void whatever an earlier process of this node has asked for. */
        SETTLE
    }

    private record Asked(EnsembleRequest request, Kind kind, long sentNanos) {}

    private final EnsembleTiming timing;
    private boolean connected;
    private String connection = "not connected yet";
    private String trouble = "";
    private boolean lookDue;
    private boolean settled = true;
    private Optional<Wish> wish = Optional.empty();
    private Optional<ClusterRecord> toConfirm = Optional.empty();
    private Optional<Proposal> undecided = Optional.empty();
    private Optional<Asked> asked = Optional.empty();
    private Optional<Known> known = Optional.empty();
    private Optional<Watch> watch = Optional.empty();
    private long notBeforeNanos;
    private long pauseNanos;

    /** The last write was made on what a look had just shown, and the ensemble did not take it. */
    private boolean overtaken;

    private long nextNumber;

    /** Not connected yet; {@code startedNanos} is now. */
    public EnsembleRecord(long startedNanos, EnsembleTiming timing) {
        this.timing = timing;
        this.notBeforeNanos = startedNanos;
        this.pauseNanos = timing.pauseMinNanos();
    }

    /**
     * From now on {@code change} is wished, until {@link #dropWish} or another wish. Followed by
     * {@link #advance}.
     */
    public void wish(Change change, long patienceNanos) {
        if (wish.map(Wish::change).filter(change::equals).isEmpty()) {
            watch = Optional.empty();
        }
        wish = Optional.of(new Wish(change, patienceNanos));
    }

    /**
     * An earlier process of this node may have asked for a change, and does not live to see what
     * became of it: the first conditional write that is taken voids that (R11). If nobody wishes
     * another one, the record is written as it is.
     */
    public void settleFirst() {
        settled = false;
    }

    /** No request of an earlier process can be executed any more. */
    public boolean isSettled() {
        return settled;
    }

    /** A proposal that is still undecided is voided, unless it turns out to have been taken. */
    public void dropWish() {
        wish = Optional.empty();
        watch = Optional.empty();
    }

    /** Asks for one confirmation that the record is {@code mine}; drops an older such wish. */
    public void confirm(ClusterRecord mine) {
        toConfirm = Optional.of(mine);
    }

    public void dropConfirmation() {
        toConfirm = Optional.empty();
    }

    /**
     * Answers {@link Step.Decide}, at once. The request id of {@code next} is durable when this is
     * called (H4).
     */
    public List<Step> propose(long nowNanos, Change change, ClusterRecord next) {
        var base = known.orElseThrow(() -> new IllegalStateException("nothing to decide upon"));
        if (asked.isPresent() || undecided.isPresent()) {
            throw new IllegalStateException("R11: a change while another one is under way");
        }
        lookDue = false;
        notBeforeNanos = nowNanos;
        undecided = Optional.of(new Proposal(change, base.record(), next));
        return List.of(write(nowNanos, Kind.PROPOSE, next, base.version()));
    }

    /** Something was heard from the ensemble. */
    public List<Step> heard(long nowNanos, EnsembleEvent event) {
        var steps = new ArrayList<Step>();
        switch (event) {
            case EnsembleEvent.Connected() -> {
                connected = true;
                connection = "connected";
                // Whatever was believed before may be overtaken.
                lookDue = true;
                notBeforeNanos = nowNanos;
                steps.add(new Step.ConnectionChanged(true, connection));
            }
            case EnsembleEvent.Suspended(var reason) -> {
                if (connected) {
                    steps.add(new Step.ConnectionChanged(false, reason));
                }
                connected = false;
                connection = reason;
                asked = Optional.empty();
            }
            case EnsembleEvent.Found(var number, var record, var version) -> {
                if (answers(number).isPresent()) {
                    found(nowNanos, new Known(record, version), steps);
                }
            }
            case EnsembleEvent.Written(var number, var version) ->
                    answers(number).ifPresent(done -> written(done, version, steps));
            case EnsembleEvent.VersionMismatch(var number) ->
                    answers(number).ifPresent(done -> mismatch(nowNanos, done, steps));
            case EnsembleEvent.Unknown(var number, var reason) -> {
                if (answers(number).isPresent()) {
                    connection = connected ? "no answer: " + reason : connection;
                    pause(nowNanos);
                }
            }
            case EnsembleEvent.Refused(var number, var reason) ->
                    answers(number).ifPresent(done -> refused(nowNanos, done, reason, steps));
        }
        return List.copyOf(steps);
    }

    /** Does what is due. */
    public List<Step> advance(long nowNanos) {
        if (asked.isPresent()) {
            if (nowNanos < asked.get().sentNanos() + timing.answerLimitNanos()) {
                return List.of();
            }
            asked = Optional.empty();
            connection = connected ? "no answer in time" : connection;
            pause(nowNanos);
        }
        if (!connected || nowNanos < notBeforeNanos) {
            return List.of();
        }
        if (undecided.isPresent() || lookDue) {
            return List.of(look(nowNanos));
        }
        if (wish.isPresent()) {
            if (known.isEmpty() || wish.get().patienceNanos() > 0) {
                return watchDueNanos() > nowNanos ? List.of() : List.of(look(nowNanos));
            }
            return decide(nowNanos);
        }
        if (toConfirm.isPresent()) {
            var mine = toConfirm.get();
            return List.of(
                    known.filter(seen -> allows(seen.record(), mine))
                            .map(seen -> write(nowNanos, Kind.CONFIRM, mine, seen.version()))
                            .orElseGet(() -> look(nowNanos)));
        }
        if (isSettlingDue()) {
            var seen = known.orElseThrow();
            return List.of(
                    write(nowNanos, Kind.SETTLE, seen.record().orElseThrow(), seen.version()));
        }
        return List.of();
    }

    private boolean isSettlingDue() {
        return !settled && known.flatMap(Known::record).isPresent();
    }

    /** When {@link #advance} has something to do. */
    public OptionalLong nextDeadlineNanos() {
        if (asked.isPresent()) {
            return OptionalLong.of(asked.get().sentNanos() + timing.answerLimitNanos());
        }
        if (!connected) {
            return OptionalLong.empty();
        }
        if (undecided.isPresent() || lookDue) {
            return OptionalLong.of(notBeforeNanos);
        }
        if (wish.isPresent()) {
            return OptionalLong.of(Math.max(notBeforeNanos, watchDueNanos()));
        }
        return toConfirm.isPresent() || isSettlingDue()
                ? OptionalLong.of(notBeforeNanos)
                : OptionalLong.empty();
    }

    /** The states of the drawing. */
    public enum Stage {
        QUIET,
        LOOKING,
        WRITING,
        UNDECIDED
    }

    public Stage stage() {
        if (undecided.isPresent()) {
            return asked.filter(open -> open.kind() == Kind.PROPOSE).isPresent()
                    ? Stage.WRITING
                    : Stage.UNDECIDED;
        }
        return wish.isPresent() ? Stage.LOOKING : Stage.QUIET;
    }

    public boolean isConnected() {
        return connected;
    }

    /** Nothing is wished and nothing undecided: this node may promise not to take over (R9). */
    public boolean isQuiet() {
        return wish.isEmpty() && undecided.isEmpty();
    }

    /** A request is on its way whose result is not known (R16: no leaving now). */
    public boolean isUndecided() {
        return undecided.isPresent();
    }

    /** What was last seen or written; empty before the first look and after a mismatch. */
    public Optional<ClusterRecord> lastSeen() {
        return known.flatMap(Known::record);
    }

    /** For a person: how things are with the ensemble. */
    public String describe() {
        if (!trouble.isEmpty()) {
            return "the ensemble refuses: " + trouble;
        }
        if (!connected) {
            return "the ensemble cannot be reached: " + connection;
        }
        return undecided
                .map(open -> "waiting to learn whether the ensemble took " + open.next().describe())
                .orElse(
                        connection.equals("connected")
                                ? "the ensemble answers"
                                : "the ensemble does not answer: " + connection);
    }

    private void found(long nowNanos, Known seen, List<Step> steps) {
        known = Optional.of(seen);
        lookDue = false;
        answered();
        if (!overtaken) {
            pauseNanos = timing.pauseMinNanos();
        }
        var own = undecided.map(Proposal::next);
        if (own.isEmpty() || !own.equals(seen.record())) {
            steps.add(new Step.Seen(seen.record()));
        }
        if (undecided.isPresent()) {
            settle(nowNanos, undecided.get(), seen, steps);
            return;
        }
        if (wish.isEmpty()) {
            if (toConfirm.isPresent() && !allows(seen.record(), toConfirm.get())) {
                // Not ours to confirm; whoever asked has seen the record now.
                toConfirm = Optional.empty();
            }
            return;
        }
        if (wish.get().patienceNanos() > 0) {
            var before = watch;
            if (before.isEmpty() || !before.get().version().equals(seen.version())) {
                watch = Optional.of(new Watch(seen.version(), nowNanos));
                if (before.isPresent()) {
                    steps.add(new Step.PeerConfirms());
                }
                return;
            }
            if (nowNanos < watchDueNanos()) {
                return;
            }
        }
        steps.addAll(decide(nowNanos));
    }

    private List<Step> decide(long nowNanos) {
        // If the answer is no, it is asked again a little later, on a record that was looked at.
        notBeforeNanos = nowNanos + timing.pauseMaxNanos();
        lookDue = true;
        var step = new Step.Decide(wish.orElseThrow().change(), known.orElseThrow().record());
        return List.of(step);
    }

    /** R11: by a further conditional write, never by what was seen. */
    private void settle(long nowNanos, Proposal open, Known seen, List<Step> steps) {
        var mine = seen.record().equals(Optional.of(open.next()));
        var base = seen.record().equals(open.base());
        if (!mine && !base) {
            undecided = Optional.empty();
            steps.add(new Step.Lost(open, "another record came first"));
            return;
        }
        var wished = wish.map(Wish::change).filter(open.change()::equals).isPresent();
        if (base && !wished && seen.record().isPresent()) {
            steps.add(write(nowNanos, Kind.WITHDRAW, seen.record().get(), seen.version()));
        } else {
            steps.add(write(nowNanos, Kind.DECIDE, open.next(), seen.version()));
        }
    }

    private void written(Asked done, ZnodeVersion version, List<Step> steps) {
        var write = (EnsembleRequest.Write) done.request();
        known = Optional.of(new Known(Optional.of(write.record()), version));
        lookDue = false;
        settled = true;
        answered();
        overtaken = false;
        pauseNanos = timing.pauseMinNanos();
        switch (done.kind()) {
            case PROPOSE, DECIDE -> {
                var won = undecided.orElseThrow();
                undecided = Optional.empty();
                wish = Optional.empty();
                watch = Optional.empty();
                steps.add(new Step.Won(won, done.sentNanos()));
            }
            case WITHDRAW -> {
                var void_ = undecided.orElseThrow();
                undecided = Optional.empty();
                steps.add(new Step.Lost(void_, "withdrawn"));
            }
            case CONFIRM -> {
                toConfirm = Optional.empty();
                steps.add(new Step.Confirmed(done.sentNanos()));
            }
            case SETTLE -> {}
            case LOOK -> throw new IllegalStateException("a look that wrote");
        }
    }

    private void mismatch(long nowNanos, Asked done, List<Step> steps) {
        known = Optional.empty();
        lookDue = true;
        answered();
        // Once is a race: the look comes at once. Again, right after a look, is a member that shows
        // what the ensemble has left behind, or a rival that writes without end: neither gets any
        // better by hundreds of writes a second.
        if (overtaken) {
            pause(nowNanos);
        }
        overtaken = true;
        if (done.kind() == Kind.PROPOSE) {
            // Its one and only try has failed, so it was not taken and will not be.
            var lost = undecided.orElseThrow();
            undecided = Optional.empty();
            steps.add(new Step.Lost(lost, "another write came first"));
        }
    }

    private void refused(long nowNanos, Asked done, String reason, List<Step> steps) {
        known = Optional.empty();
        lookDue = true;
        pause(nowNanos);
        if (!trouble.equals(reason)) {
            trouble = reason;
            steps.add(new Step.Trouble(reason));
        }
        if (done.kind() == Kind.PROPOSE) {
            var lost = undecided.orElseThrow();
            undecided = Optional.empty();
            steps.add(new Step.Lost(lost, reason));
        }
    }

    private Step look(long nowNanos) {
        return ask(nowNanos, Kind.LOOK, new EnsembleRequest.Look(nextNumber++));
    }

    private Step write(long nowNanos, Kind kind, ClusterRecord record, ZnodeVersion version) {
        return ask(nowNanos, kind, new EnsembleRequest.Write(nextNumber++, record, version));
    }

    private Step ask(long nowNanos, Kind kind, EnsembleRequest request) {
        asked = Optional.of(new Asked(request, kind, nowNanos));
        return new Step.Ask(request);
    }

    /** The request under way, if it is this one; an answer that comes too late is void. */
    private Optional<Asked> answers(long number) {
        var done = asked.filter(open -> open.request().number() == number);
        if (done.isPresent()) {
            asked = Optional.empty();
        }
        return done;
    }

    private void answered() {
        connection = "connected";
        trouble = "";
    }

    private void pause(long nowNanos) {
        notBeforeNanos = nowNanos + pauseNanos;
        pauseNanos = Math.min(2 * pauseNanos, timing.pauseMaxNanos());
    }

    private long watchDueNanos() {
        return watch.isPresent() && wish.isPresent()
                ? watch.get().sinceNanos() + wish.get().patienceNanos()
                : Long.MIN_VALUE;
    }

    /** The same rights, not newer; who asked for them last does not matter. */
    private static boolean allows(Optional<ClusterRecord> seen, ClusterRecord mine) {
        return seen.filter(record -> record.givesTheSameRightsAs(mine) && !record.isNewerThan(mine))
                .isPresent();
    }
}
