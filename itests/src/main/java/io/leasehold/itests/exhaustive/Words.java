package io.leasehold.itests.exhaustive;

/** How a move is told to a person. */
final class Words {
    private Words() {}

    static String of(Pair pair, Pair.State state, Pair.Move move) {
        return switch (move) {
            case Pair.Move.Due(int node, var input) -> name(node) + ": " + due(input);
            case Pair.Move.Receive(int node) ->
                    name(node) + " receives " + pair.nextPackets(state, node);
            case Pair.Move.Beat(int of) ->
                    name(1 - of)
                            + " hears a beat of "
                            + name(of)
                            + pair.facts(state, of)
                                    .payload()
                                    .map(said ->
                                            ": %s, epoch %s, generation %s, %s%s"
                                                    .formatted(
                                                            said.role(),
                                                            said.epoch(),
                                                            said.gen(),
                                                            said.standing(),
                                                            said.leaveWanted()
                                                                    ? ", asks to leave"
                                                                    : ""))
                                    .orElse("");
            case Pair.Move.Connect() -> "the volumes connect";
            case Pair.Move.Shoot(int index, boolean losesTail) ->
                    "a fence device turns "
                            + name(1 - pair.fencing(state, index).by())
                            + " "
                            + pair.fencing(state, index).action()
                            + (losesTail ? "; what was not synced is lost" : "");
            case Pair.Move.FenceAnswer(int index) ->
                    name(pair.fencing(state, index).by())
                            + " hears of its fence: "
                            + pair.fencing(state, index).outcome();
            case Pair.Move.Execute(int index) ->
                    "the ensemble executes for "
                            + name(pair.request(state, index).by())
                            + ": "
                            + pair.request(state, index).asked();
            case Pair.Move.Reply(int index) ->
                    name(pair.request(state, index).by())
                            + " hears of the ensemble: "
                            + pair.request(state, index).answer().orElseThrow();
            case Pair.Move.Pass() -> "---- a quantum of time passes";
            case Pair.Move.Write(int node) -> "> a client writes at " + name(node);
            case Pair.Move.PowerOn(int node) -> "> " + name(node) + " is powered on";
            case Pair.Move.StartDaemon(int node) ->
                    "the keeper of " + name(node) + " starts its daemon";
            case Pair.Move.Heal() -> "> links are whole again";
            case Pair.Move.Strike(var fault, int node, var kind) ->
                    "! " + strike(pair, state, fault, node, kind);
            case Pair.Move.Within(var first, int effects, var death) ->
                    of(pair, state, first)
                            + "\n     ! within this, behind "
                            + effects
                            + " effects, "
                            + (death instanceof Input.KillDaemon
                                    ? "its daemon is killed"
                                    : "its power is lost");
        };
    }

    private static String name(int node) {
        return Scope.NODES.get(node).value();
    }

    private static String due(Input input) {
        return switch (input) {
            case Input.Inbox() -> "the daemon hears of its volume";
            case Input.Order() -> "an order of the daemon is carried out";
            case Input.Sync() -> "the journal is synced";
            case Input.Commit() -> "what came from the peer is synced and acknowledged";
            case Input.Copy() -> "what the peer lacks is sent";
            case Input.Tick() -> "a deadline has come";
            default -> input.toString();
        };
    }

    private static String strike(
            Pair pair, Pair.State state, Fault fault, int node, Pair.Kind kind) {
        return switch (fault) {
            case CRASH ->
                    name(node)
                            + " loses power"
                            + (kind == Pair.Kind.LOSES_TAIL ? ", and what was not synced" : "");
            case RESTART -> "the daemon of " + name(node) + " is killed";
            case LAG -> "the daemon of " + name(node) + " is slow";
            case LEAVE -> name(node) + " is told to end (SIGTERM)";
            case TAKEOVER -> "a person moves the service away from " + name(node);
            case MESSAGE_LOST ->
                    switch (kind) {
                        case BEATS -> "beats of " + name(node) + " are lost from now on";
                        case EVERYTHING -> "all links are cut";
                        default -> "the connection breaks, and what was under way is lost";
                    };
            case MESSAGE_LATE -> "the connection stands still";
            case MESSAGE_DUPLICATED -> "an older beat of " + name(node) + " comes again";
            case WITNESS ->
                    switch (kind) {
                        case ISOLATED -> name(node) + " cannot reach the ensemble any more";
                        case REQUEST_LOST ->
                                "lost on its way: " + pair.request(state, node).asked();
                        case LATE ->
                                "will be executed later, and its sender does not know: "
                                        + pair.request(state, node).asked();
                        default ->
                                "executed, but the answer is lost: "
                                        + pair.request(state, node).asked();
                    };
            case FENCE ->
                    "the fence device that "
                            + name(pair.fencing(state, node).by())
                            + " asked says no"
                            + (kind == Pair.Kind.LATE ? ", and will do it later" : "");
        };
    }
}
