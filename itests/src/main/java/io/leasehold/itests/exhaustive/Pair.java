package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.controller.Announcement;
import io.leasehold.heartbeat.controller.Command;
import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Both boxes and what is between them: which moves a state allows, what each leads to, and whether
 * all that must hold still does.
 */
final class Pair {

    /** Two nodes and what is between them, by number. */
    record State(int a, int b, int between) {
        int box(int node) {
            return node == 0 ? a : b;
        }
    }

    /** What can happen next. */
    sealed interface Move {
        /** Something that would happen at once; time stands still while there is such a thing. */
        record Due(int node, Input input) implements Move {}

        record Receive(int node) implements Move {}

        /** The newest beat of {@code of} arrives. */
        record Beat(int of) implements Move {}

        record Connect() implements Move {}

        record Shoot(int fencing, boolean losesTail) implements Move {}

        record FenceAnswer(int fencing) implements Move {}

        /** The ensemble carries a request out. */
        record Execute(int request) implements Move {}

        record Reply(int request) implements Move {}

        record Pass() implements Move {}

        record Write(int node) implements Move {}

        record PowerOn(int node) implements Move {}

        record StartDaemon(int node) implements Move {}

        record Heal() implements Move {}

        record Strike(Fault fault, int node, Kind kind) implements Move {}

        /** {@code first} is broken off. */
        record Within(Move first, int effects, Input death) implements Move {}
    }

    enum Kind {
        ONLY,
        KEEPS_TAIL,
        LOSES_TAIL,
        SESSION,
        BEATS,
        EVERYTHING,
        FAILS,
        LATE,
        REQUEST_LOST,
        ANSWER_LOST,
        ISOLATED
    }

    private final ArbitrationMode mode;
    private final List<Boxes> boxes;
    private final Betweens betweens = new Betweens();

    Pair(ArbitrationMode mode, Mutation mutation) {
        this.mode = mode;
        boxes = List.of(new Boxes(0, mode, mutation), new Boxes(1, mode, mutation));
    }

    State off(Set<Fault> faults, int faultsMax, int writes) {
        return new State(
                boxes.get(0).first(),
                boxes.get(1).first(),
                betweens.of(Between.first(faults, faultsMax, writes)));
    }

    /** The same with this budget of faults. */
    State with(State state, Set<Fault> faults, int faultsMax, int writes) {
        var draft = betweens.value(state.between).draft();
        draft.faultsLeft = faultsMax == 0 ? Set.of() : Set.copyOf(faults);
        draft.faultsMax = faultsMax;
        draft.writesLeft = writes;
        return new State(state.a, state.b, betweens.of(draft.done()));
    }

    Box.Facts facts(State state, int node) {
        return boxes.get(node).facts(state.box(node));
    }

    int boxStates() {
        return boxes.get(0).size() + boxes.get(1).size();
    }

    int betweens() {
        return betweens.size();
    }

    // ---- moves ----

    List<Move> moves(State state) {
        var between = betweens.value(state.between);
        var moves = due(state, between);
        boolean quiet = moves.isEmpty();
        if (quiet) {
            moves.add(new Move.Pass());
        }
        var dying = List.copyOf(moves);
        for (int node = 0; node < 2; node++) {
            var box = facts(state, node);
            if (box.takesWrites() && between.writesLeft() > 0) {
                moves.add(new Move.Write(node));
            }
            if (quiet && !box.powered()) {
                moves.add(new Move.PowerOn(node));
            }
            if (quiet && box.mayRestart()) {
                moves.add(new Move.StartDaemon(node));
            }
        }
        for (int i = 0; i < between.fencings().size(); i++) {
            if (between.fencings().get(i).progress() == Between.Progress.LATE) {
                shoot(state, between, i, moves);
            }
        }
        for (int i = 0; i < between.requests().size(); i++) {
            if (between.requests().get(i).late()) {
                moves.add(new Move.Execute(i));
            }
        }
        if (quiet
                && (between.stalled()
                        || between.silenced().contains(true)
                        || between.isolated().contains(true))) {
            moves.add(new Move.Heal());
        }
        if (between.faultsMax() > 0) {
            strikes(state, between, quiet, moves);
            dying.forEach(move -> within(state, between, move, moves));
        }
        return moves;
    }

    private List<Move> due(State state, Between between) {
        var moves = new ArrayList<Move>();
        for (int node = 0; node < 2; node++) {
            var box = facts(state, node);
            if (box.inbox() > 0) {
                moves.add(new Move.Due(node, new Input.Inbox()));
            }
            if (box.orderDue()) {
                moves.add(new Move.Due(node, new Input.Order()));
            }
            if (box.syncDue()) {
                moves.add(new Move.Due(node, new Input.Sync()));
            }
            if (box.commitDue()) {
                moves.add(new Move.Due(node, new Input.Commit()));
            }
            if (box.copyDue()) {
                moves.add(new Move.Due(node, new Input.Copy()));
            }
            if (box.tickDue()) {
                moves.add(new Move.Due(node, new Input.Tick()));
            }
            if (!between.stalled() && !between.packets().get(node).isEmpty()) {
                moves.add(new Move.Receive(node));
            }
            if (between.beatDue().get(node)) {
                moves.add(new Move.Beat(node));
            }
        }
        for (int i = 0; i < between.fencings().size(); i++) {
            switch (between.fencings().get(i).progress()) {
                case ORDERED -> shoot(state, between, i, moves);
                case ANSWERED -> moves.add(new Move.FenceAnswer(i));
                case LATE -> {}
            }
        }
        for (int i = 0; i < between.requests().size(); i++) {
            var request = between.requests().get(i);
            if (!request.late()) {
                moves.add(request.answer().isPresent() ? new Move.Reply(i) : new Move.Execute(i));
            }
        }
        // The higher node dials; what the other one still holds of an older session is replaced.
        if (between.mayConnect()
                && !between.stalled()
                && facts(state, 0).running()
                && facts(state, 1).running()
                && !facts(state, 1).connected()) {
            moves.add(new Move.Connect());
        }
        return moves;
    }

    private void shoot(State state, Between between, int index, List<Move> moves) {
        var fencing = between.fencings().get(index);
        moves.add(new Move.Shoot(index, false));
        if (fencing.action() == FenceAction.OFF && facts(state, 1 - fencing.by()).hasUnsynced()) {
            moves.add(new Move.Shoot(index, true));
        }
    }

    private void strikes(State state, Between between, boolean quiet, List<Move> moves) {
        for (int node = 0; node < 2; node++) {
            var box = facts(state, node);
            if (between.isLeft(Fault.CRASH) && box.powered()) {
                moves.add(new Move.Strike(Fault.CRASH, node, Kind.KEEPS_TAIL));
                if (box.hasUnsynced()) {
                    moves.add(new Move.Strike(Fault.CRASH, node, Kind.LOSES_TAIL));
                }
            }
            if (!quiet && between.isLeft(Fault.LAG) && box.running()) {
                moves.add(new Move.Strike(Fault.LAG, node, Kind.ONLY));
            }
            if (between.isLeft(Fault.RESTART) && box.running()) {
                moves.add(new Move.Strike(Fault.RESTART, node, Kind.ONLY));
            }
            if (between.isLeft(Fault.LEAVE) && box.running()) {
                moves.add(new Move.Strike(Fault.LEAVE, node, Kind.ONLY));
            }
            if (between.isLeft(Fault.TAKEOVER) && box.running() && box.writes()) {
                moves.add(new Move.Strike(Fault.TAKEOVER, node, Kind.ONLY));
            }
            if (between.isLeft(Fault.MESSAGE_LOST)
                    && !between.silenced().get(node)
                    && (quiet || between.beatDue().get(node))) {
                moves.add(new Move.Strike(Fault.MESSAGE_LOST, node, Kind.BEATS));
            }
            if (between.isLeft(Fault.MESSAGE_DUPLICATED)
                    && between.staleBeats().get(node).isPresent()
                    && facts(state, 1 - node).running()) {
                moves.add(new Move.Strike(Fault.MESSAGE_DUPLICATED, node, Kind.ONLY));
            }
        }
        boolean session = facts(state, 0).connected() || facts(state, 1).connected();
        if (between.isLeft(Fault.MESSAGE_LOST)) {
            if (session) {
                moves.add(new Move.Strike(Fault.MESSAGE_LOST, 0, Kind.SESSION));
            }
            moves.add(new Move.Strike(Fault.MESSAGE_LOST, 0, Kind.EVERYTHING));
        }
        if (between.isLeft(Fault.MESSAGE_LATE) && !between.stalled() && session) {
            moves.add(new Move.Strike(Fault.MESSAGE_LATE, 0, Kind.ONLY));
        }
        if (between.isLeft(Fault.WITNESS)) {
            for (int i = 0; i < between.requests().size(); i++) {
                var request = between.requests().get(i);
                if (request.answer().isEmpty() && !request.late()) {
                    moves.add(new Move.Strike(Fault.WITNESS, i, Kind.REQUEST_LOST));
                    moves.add(new Move.Strike(Fault.WITNESS, i, Kind.LATE));
                } else if (!request.late()) {
                    moves.add(new Move.Strike(Fault.WITNESS, i, Kind.ANSWER_LOST));
                }
            }
            for (int node = 0; quiet && mode == ArbitrationMode.ZOOKEEPER && node < 2; node++) {
                moves.add(new Move.Strike(Fault.WITNESS, node, Kind.ISOLATED));
            }
        }
        if (between.isLeft(Fault.FENCE)) {
            for (int i = 0; i < between.fencings().size(); i++) {
                var fencing = between.fencings().get(i);
                if (fencing.progress() == Between.Progress.ORDERED) {
                    moves.add(new Move.Strike(Fault.FENCE, i, Kind.FAILS));
                    if (fencing.action() == FenceAction.OFF) {
                        moves.add(new Move.Strike(Fault.FENCE, i, Kind.LATE));
                    }
                }
            }
        }
    }

    /**
     * A crash in between two effects of a step; before the first or behind the last is no other.
     */
    private void within(State state, Between between, Move first, List<Move> moves) {
        var subject = subject(between, first);
        if (subject.isEmpty() || !(between.isLeft(Fault.CRASH) || between.isLeft(Fault.RESTART))) {
            return;
        }
        int node = subject.get().node;
        int effects;
        try {
            effects = boxes.get(node).take(state.box(node), subject.get().input).effects();
        } catch (RuntimeException _) {
            // It is met without a crash.
            return;
        }
        for (int count = 1; count < effects; count++) {
            if (between.isLeft(Fault.CRASH)) {
                moves.add(new Move.Within(first, count, new Input.PowerOff(false)));
            }
            if (between.isLeft(Fault.RESTART)) {
                moves.add(new Move.Within(first, count, new Input.KillDaemon()));
            }
        }
    }

    /** Which box takes which input by a move that is nothing but that. */
    private Optional<Move.Due> subject(Between between, Move move) {
        return switch (move) {
            case Move.Due due -> Optional.of(due);
            case Move.Receive(int node) ->
                    Optional.of(
                            new Move.Due(
                                    node,
                                    new Input.Receive(between.packets().get(node).getFirst())));
            default -> Optional.empty();
        };
    }

    // ---- what a move leads to ----

    /**
     * @throws Violation if something happens that never must
     */
    State after(State state, Move move) {
        var step = new Step(state);
        step.make(move);
        return step.done();
    }

    /** One move under way. */
    private final class Step {
        private final State before;
        private final Between between;
        private final Between.Draft draft;
        private final int[] now;
        private Optional<Input> death = Optional.empty();
        private int deathAfter;

        private Step(State before) {
            this.before = before;
            this.between = betweens.value(before.between);
            this.draft = between.draft();
            this.now = new int[] {before.a, before.b};
        }

        private void make(Move move) {
            switch (move) {
                case Move.Due(int node, var input) -> take(node, input);
                case Move.Receive(int node) -> {
                    var packets = draft.packets.get(node).getFirst();
                    draft.received(node);
                    take(node, new Input.Receive(packets));
                }
                case Move.Beat(int of) -> {
                    draft.beatDue = Between.with(draft.beatDue, of, false);
                    var said = facts(of);
                    if (said.payload().isPresent() && facts(1 - of).running()) {
                        take(
                                1 - of,
                                new Input.Beat(
                                        said.payload().get(),
                                        said.running() ? 0 : said.progressAgeNanos()));
                    }
                }
                case Move.Connect() -> connect();
                case Move.Shoot(int index, boolean losesTail) -> shoot(index, losesTail);
                case Move.FenceAnswer(int index) -> {
                    var fencing = draft.fencings.get(index);
                    remove(index);
                    take(
                            fencing.by(),
                            new Input.FenceAnswer(
                                    fencing.request(),
                                    fencing.outcome(),
                                    fencing.outcome() instanceof FenceOutcome.Confirmed
                                            && fencing.action() == FenceAction.OFF));
                }
                case Move.Pass() -> pass();
                case Move.Write(int node) -> {
                    draft.writesLeft--;
                    take(node, new Input.Write(draft.writesLeft + 1));
                }
                case Move.PowerOn(int node) -> powerOn(node);
                case Move.StartDaemon(int node) -> take(node, new Input.StartDaemon());
                case Move.Execute(int index) -> execute(index);
                case Move.Reply(int index) -> {
                    var request = draft.requests.get(index);
                    forget(index);
                    take(request.by(), new Input.HearEnsemble(request.answer().orElseThrow()));
                }
                case Move.Heal() -> {
                    draft.stalled = false;
                    draft.silenced = List.of(false, false);
                    for (int node = 0; node < 2; node++) {
                        if (draft.isolated.get(node)) {
                            draft.isolated = Between.with(draft.isolated, node, false);
                            take(node, new Input.HearEnsemble(new EnsembleEvent.Connected()));
                        }
                    }
                }
                case Move.Strike strike -> strike(strike);
                case Move.Within(var first, int effects, var last) -> {
                    draft.strikes(last instanceof Input.KillDaemon ? Fault.RESTART : Fault.CRASH);
                    death = Optional.of(last);
                    deathAfter = effects;
                    make(first);
                }
            }
        }

        private Box.Facts facts(int node) {
            return boxes.get(node).facts(now[node]);
        }

        private void take(int node, Input input) {
            if (death.isPresent()) {
                var last = death.get();
                death = Optional.empty();
                input = new Input.DiesWithin(input, deathAfter, last);
            }
            var old = facts(node);
            var result = boxes.get(node).take(now[node], input);
            now[node] = result.state();
            for (var output : result.outputs()) {
                perform(node, output);
            }
            said(node, old);
        }

        /** What is new is said at once; the beat before it may still be under way. */
        private void said(int node, Box.Facts old) {
            var payload = facts(node).payload();
            if (!payload.equals(old.payload())) {
                // A beat of an earlier power-on is not taken: its keys are gone.
                draft.staleBeats =
                        Between.with(
                                draft.staleBeats,
                                node,
                                payload.isPresent()
                                                && old.payload().isPresent()
                                                && old.payload()
                                                        .get()
                                                        .bootId()
                                                        .equals(payload.get().bootId())
                                        ? old.payload()
                                        : payload.isPresent() ? Optional.empty() : old.payload());
                draft.beatDue =
                        Between.with(
                                draft.beatDue,
                                node,
                                payload.isPresent() && !draft.silenced.get(node));
            }
        }

        private void perform(int node, Output output) {
            switch (output) {
                case Output.Send(var packets) -> {
                    if (facts(1 - node).connected()) {
                        draft.send(1 - node, packets);
                    }
                }
                case Output.Vanish() -> {
                    // What it had sent is in the network's hands; nothing reaches it any more.
                    draft.nothingUnderWayTo(node);
                }
                case Output.Fence(var request, var action) -> {
                    var longer = new ArrayList<>(draft.fencings);
                    longer.add(
                            new Between.Fencing(
                                    node,
                                    request,
                                    action,
                                    Between.Progress.ORDERED,
                                    new FenceOutcome.Unconfirmed("")));
                    draft.fencings = List.copyOf(longer);
                }
                case Output.Ask(var request) -> {
                    if (!draft.isolated.get(node)) {
                        var longer = new ArrayList<>(draft.requests);
                        longer.add(new Between.Request(node, request, Optional.empty(), false));
                        draft.requests = List.copyOf(longer);
                    }
                }
                case Output.Acknowledge(var history, int upTo) -> acknowledged(node, history, upTo);
            }
        }

        /** I2, R3. */
        private void acknowledged(int node, List<Operation> history, int upTo) {
            var longer = new ArrayList<>(draft.acknowledged);
            for (int i = 0; i < upTo; i++) {
                if (i >= history.size()) {
                    throw new Violation(
                            "R3", Scope.NODES.get(node) + " acknowledges what it does not have");
                }
                if (i >= longer.size()) {
                    if (facts(1 - node).serves()) {
                        throw new Violation(
                                "I3",
                                Scope.NODES.get(node)
                                        + " acknowledges while "
                                        + Scope.NODES.get(1 - node)
                                        + " serves");
                    }
                    longer.add(history.get(i));
                } else if (!longer.get(i).equals(history.get(i))) {
                    throw new Violation(
                            "I2",
                            Scope.NODES.get(node)
                                    + " acknowledges another operation "
                                    + (i + 1)
                                    + " than was acknowledged before");
                }
            }
            draft.acknowledged = List.copyOf(longer);
        }

        private void forget(int index) {
            var shorter = new ArrayList<>(draft.requests);
            shorter.remove(index);
            draft.requests = List.copyOf(shorter);
        }

        private void change(int index, Between.Request next) {
            var changed = new ArrayList<>(draft.requests);
            changed.set(index, next);
            draft.requests = List.copyOf(changed);
        }

        private void execute(int index) {
            var request = draft.requests.get(index);
            EnsembleEvent answer =
                    switch (request.asked()) {
                        case EnsembleRequest.Look(long number) ->
                                new EnsembleEvent.Found(number, draft.znode, draft.version);
                        case EnsembleRequest.Write(long number, var record, var expected) -> {
                            if (!expected.equals(draft.version)) {
                                yield new EnsembleEvent.VersionMismatch(number);
                            }
                            draft.znode = Optional.of(record);
                            draft.version =
                                    new ZnodeVersion(
                                            expected.isAbsent()
                                                    ? Renumbering.VERSION
                                                    : expected.value() + 1);
                            yield new EnsembleEvent.Written(number, draft.version);
                        }
                    };
            if (request.late()) {
                forget(index);
            } else {
                change(
                        index,
                        new Between.Request(
                                request.by(), request.asked(), Optional.of(answer), false));
            }
        }

        /** What was asked is lost, or its answer, or it is executed after its sender was told. */
        private void lose(int index, Kind kind, Between.Request request) {
            var unknown = new EnsembleEvent.Unknown(request.asked().number(), "connection lost");
            change(
                    index,
                    new Between.Request(
                            request.by(), request.asked(), Optional.of(unknown), false));
            if (kind == Kind.LATE) {
                var longer = new ArrayList<>(draft.requests);
                longer.add(
                        new Between.Request(request.by(), request.asked(), Optional.empty(), true));
                draft.requests = List.copyOf(longer);
            }
        }

        private void connect() {
            draft.mayConnect = false;
            if (facts(0).connected()) {
                take(
                        0,
                        new Input.Receive(
                                List.of(new Packet.Closed("replaced by a newer session"))));
            }
            draft.nothingUnderWayTo(0);
            draft.nothingUnderWayTo(1);
            // Both ends stand before anything is said.
            var first = boxes.get(0).take(now[0], new Input.Connect());
            var second = boxes.get(1).take(now[1], new Input.Connect());
            now[0] = first.state();
            now[1] = second.state();
            first.outputs().forEach(output -> perform(0, output));
            second.outputs().forEach(output -> perform(1, output));
        }

        private void pass() {
            draft.mayConnect = true;
            boolean whole = !between.stalled() && facts(0).connected() && facts(1).connected();
            // Both are said before either is heard.
            var renumbering = renumbering();
            var first = passOf(0, whole, renumbering);
            var second = passOf(1, whole, renumbering);
            take(0, first);
            take(1, second);
        }

        private Input passOf(int node, boolean whole, Renumbering renumbering) {
            var peer = facts(1 - node);
            var beat =
                    draft.silenced.get(1 - node) ? Optional.<Announcement>empty() : peer.payload();
            return new Input.Pass(
                    whole,
                    beat,
                    beat.isEmpty() || peer.running()
                            ? 0
                            : peer.progressAgeNanos() + Clock.QUANTUM_NANOS,
                    renumbering);
        }

        private Renumbering renumbering() {
            if (draft.version.isAbsent()
                    || draft.requests.stream().anyMatch(request -> !request.late())) {
                return Renumbering.NONE;
            }
            int less = draft.version.value() - Renumbering.VERSION;
            draft.version = new ZnodeVersion(Renumbering.VERSION);
            draft.requests =
                    draft.requests.stream().map(request -> request.renumbered(less)).toList();
            return new Renumbering(
                    less, draft.packets.get(0).isEmpty() && draft.packets.get(1).isEmpty());
        }

        private void powerOn(int node) {
            draft.staleBeats = Between.with(draft.staleBeats, node, Optional.empty());
            take(node, new Input.PowerOn());
        }

        private void shoot(int index, boolean losesTail) {
            var fencing = draft.fencings.get(index);
            int target = 1 - fencing.by();
            if (fencing.progress() == Between.Progress.LATE) {
                remove(index);
            } else {
                replace(
                        index,
                        fencing.at(
                                Between.Progress.ANSWERED,
                                new FenceOutcome.Confirmed("power is " + fencing.action())));
            }
            switch (fencing.action()) {
                case OFF -> {
                    if (facts(target).powered()) {
                        take(target, new Input.PowerOff(losesTail));
                    }
                }
                case ON -> {
                    if (!facts(target).powered()) {
                        powerOn(target);
                    }
                }
            }
        }

        private void remove(int index) {
            var shorter = new ArrayList<>(draft.fencings);
            shorter.remove(index);
            draft.fencings = List.copyOf(shorter);
        }

        private void replace(int index, Between.Fencing next) {
            var changed = new ArrayList<>(draft.fencings);
            changed.set(index, next);
            draft.fencings = List.copyOf(changed);
        }

        private void strike(Move.Strike strike) {
            draft.strikes(strike.fault);
            int node = strike.node;
            switch (strike.fault) {
                case CRASH -> take(node, new Input.PowerOff(strike.kind == Kind.LOSES_TAIL));
                case RESTART -> take(node, new Input.KillDaemon());
                case LEAVE -> take(node, new Input.Terminate());
                case LAG -> take(node, new Input.Lag());
                case TAKEOVER ->
                        take(node, new Input.Ask(new Command.Takeover(Scope.NODES.get(1 - node))));
                case MESSAGE_LOST -> lose(node, strike.kind);
                case MESSAGE_LATE -> draft.stalled = true;
                case MESSAGE_DUPLICATED ->
                        take(1 - node, new Input.Beat(draft.staleBeats.get(node).orElseThrow(), 0));
                case WITNESS -> {
                    if (strike.kind == Kind.ISOLATED) {
                        draft.isolated = Between.with(draft.isolated, node, true);
                        take(
                                node,
                                new Input.HearEnsemble(
                                        new EnsembleEvent.Suspended("no connection")));
                    } else {
                        lose(node, strike.kind, draft.requests.get(node));
                    }
                }
                case FENCE -> {
                    var fencing = draft.fencings.get(node);
                    var told = new FenceOutcome.Unconfirmed("no answer");
                    replace(node, fencing.at(Between.Progress.ANSWERED, told));
                    if (strike.kind == Kind.LATE) {
                        var longer = new ArrayList<>(draft.fencings);
                        longer.add(fencing.at(Between.Progress.LATE, told));
                        draft.fencings = List.copyOf(longer);
                    }
                }
            }
        }

        private void lose(int node, Kind kind) {
            if (kind == Kind.BEATS) {
                silence(node);
                return;
            }
            if (kind == Kind.EVERYTHING) {
                silence(0);
                silence(1);
                draft.stalled = true;
                return;
            }
            for (int end = 0; end < 2; end++) {
                draft.packets =
                        Between.with(
                                draft.packets,
                                end,
                                facts(end).connected()
                                        ? List.of(List.of(new Packet.Closed("connection reset")))
                                        : List.of());
            }
        }

        private void silence(int node) {
            draft.silenced = Between.with(draft.silenced, node, true);
            draft.beatDue = Between.with(draft.beatDue, node, false);
        }

        // ---- what must hold ----

        private State done() {
            for (int node = 0; node < 2; node++) {
                if (!facts(node).connected()) {
                    draft.nothingUnderWayTo(node);
                }
            }
            var after = draft.done();
            for (int node = 0; node < 2; node++) {
                check(node, boxes.get(node).facts(before.box(node)), after);
            }
            var a = facts(0);
            var b = facts(1);
            if (a.serves() && b.serves()) {
                throw new Violation("I3", "two nodes serve");
            }
            if (a.rights().isPresent() && b.rights().isPresent()) {
                var mine = a.rights().get().record();
                var theirs = b.rights().get().record();
                if (mine.epoch().equals(theirs.epoch())
                        && mine.gen().equals(theirs.gen())
                        && !mine.givesTheSameRightsAs(theirs)
                        && mine.primary().isPresent()
                        && theirs.primary().isPresent()) {
                    throw new Violation(
                            "R1",
                            "two records of one version: "
                                    + mine.describe()
                                    + " and "
                                    + theirs.describe());
                }
            }
            return new State(now[0], now[1], betweens.of(after));
        }

        private void check(int node, Box.Facts old, Between after) {
            var box = facts(node);
            if (box.serves() && !holds(box, after.acknowledged())) {
                throw new Violation(
                        "I1", Scope.NODES.get(node) + " serves without what was acknowledged");
            }
            if (box.isUpToDate() && !old.isUpToDate() && !holds(box, after.acknowledged())) {
                throw new Violation(
                        "I4",
                        Scope.NODES.get(node) + " is up to date without what was acknowledged");
            }
        }

        private boolean holds(Box.Facts box, List<Operation> acknowledged) {
            return box.log().size() >= acknowledged.size()
                    && box.log().subList(0, acknowledged.size()).equals(acknowledged);
        }
    }

    // ---- for a trace ----

    List<Packet> nextPackets(State state, int node) {
        return betweens.value(state.between).packets().get(node).getFirst();
    }

    Between.Request request(State state, int index) {
        return betweens.value(state.between).requests().get(index);
    }

    Between.Fencing fencing(State state, int index) {
        return betweens.value(state.between).fencings().get(index);
    }

    /** What the daemons say about a move. */
    List<String> tell(State state, Move move) {
        var between = betweens.value(state.between);
        var lines = new ArrayList<String>();
        subject(between, move)
                .ifPresent(due ->
                        boxes.get(due.node).tell(state.box(due.node), due.input).stream()
                                .map(line -> Scope.NODES.get(due.node) + "  " + line)
                                .forEach(lines::add));
        return lines;
    }
}
