package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.record.ArbitrationMode;
import java.util.EnumSet;
import java.util.List;

/** Rules that are broken within the small scope; each search says what it met. */
public final class ExplorerMutants {
    private static final int STATES_MAX = 100_000;

    private ExplorerMutants() {}

    /** R8, R9: neither the daemon nor the kernel shuts the gate of who lost in time. */
    public static Explorer.Answer gateStaysOpen() {
        return Explorer.explore(
                new Explorer.Question(
                        ArbitrationMode.ZOOKEEPER,
                        0,
                        EnumSet.of(Fault.MESSAGE_LOST, Fault.WITNESS),
                        2,
                        STATES_MAX),
                new Mutation() {
                    @Override
                    public List<Effect> effects(Box box, Effect ordered) {
                        return switch (ordered) {
                            case Effect.OpenGate(long until) ->
                                    List.of(new Effect.OpenGate(until + 3 * Clock.QUANTUM_NANOS));
                            case Effect.CloseGate() -> List.of();
                            default -> List.of(ordered);
                        };
                    }
                },
                _ -> {});
    }

    /** R40: a change of the record is not in the event log before it is made. */
    public static Explorer.Answer nothingIsNoted() {
        return Explorer.explore(
                Explorer.Question.oneOfEach(ArbitrationMode.ZOOKEEPER, STATES_MAX),
                new Mutation() {
                    @Override
                    public List<Effect> effects(Box box, Effect ordered) {
                        return ordered instanceof Effect.Note ? List.of() : List.of(ordered);
                    }
                },
                _ -> {});
    }
}
