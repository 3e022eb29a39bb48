package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.record.ArbitrationMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Visits every state that can be reached from a calm pair, breadth first, each once: so the first
 * violation that is met is one of the shortest. What it keeps of a state are six numbers in plain
 * arrays, of which three say exactly which state it is; two states are never taken for one.
 *
 * <p>Not safe for use by several threads.
 */
public final class Explorer {

    /**
     * What is explored.
     *
     * @param faults that may strike, each once
     * @param faultsMax how many of them may strike in one history
     * @param statesMax no more states than these are kept; what is behind is left out
     */
    public record Question(
            ArbitrationMode mode, int writes, Set<Fault> faults, int faultsMax, int statesMax) {
        public Question {
            faults = Set.copyOf(faults);
        }

        /** One write and one of each fault. */
        public static Question oneOfEach(ArbitrationMode mode, int statesMax) {
            var all = EnumSet.allOf(Fault.class);
            return new Question(mode, 1, all, all.size(), statesMax);
        }
    }

    /**
     * What was found.
     *
     * @param complete no state was left out
     * @param depth moves to the farthest state from the calm pair
     */
    public record Answer(
            long states,
            long transitions,
            int depth,
            boolean complete,
            Optional<Broken> broken,
            double seconds) {
        public double statesPerSecond() {
            return states / Math.max(seconds, 1e-9);
        }
    }

    /** A rule that is broken, and the shortest way to it. */
    public record Broken(String rule, String sentence, List<String> trace) {}

    private static final int CALM_MOVES_MAX = 10_000;

    private final Question question;
    private final Consumer<String> progress;
    private final Pair pair;

    // One entry per state, in the order in which they were met.
    private int[] a = new int[1 << 12];
    private int[] b = new int[1 << 12];
    private int[] between = new int[1 << 12];
    private int[] parent = new int[1 << 12];
    private short[] moveOfParent = new short[1 << 12];
    private int met;

    /** States by content, open addressing. */
    private int[] table = emptyTable(1 << 13);

    private long transitions;
    private int depth;
    private boolean complete = true;

    private Explorer(Question question, Mutation mutation, Consumer<String> progress) {
        this.question = question;
        this.progress = progress;
        this.pair = new Pair(question.mode(), mutation);
    }

    public static Answer explore(Question question, Consumer<String> progress) {
        return explore(question, Mutation.NONE, progress);
    }

    static Answer explore(Question question, Mutation mutation, Consumer<String> progress) {
        return new Explorer(question, mutation, progress).run();
    }

    private static int[] emptyTable(int length) {
        var empty = new int[length];
        Arrays.fill(empty, -1);
        return empty;
    }

    // ---------------------------------------------------------------- the search

    private Answer run() {
        long began = System.nanoTime();
        long tellAt = began + 5_000_000_000L;
        Pair.State calm;
        try {
            calm = calm();
        } catch (Violation violation) {
            return new Answer(
                    0,
                    0,
                    0,
                    false,
                    Optional.of(
                            new Broken(
                                    violation.rule(),
                                    violation.sentence(),
                                    List.of("while the pair came up, without any fault"))),
                    (System.nanoTime() - began) / 1e9);
        }
        meet(pair.with(calm, question.faults(), question.faultsMax(), question.writes()), -1, 0);
        int levelEnds = met;
        var broken = Optional.<Broken>empty();
        for (int next = 0; next < met && broken.isEmpty(); next++) {
            if (next == levelEnds) {
                levelEnds = met;
                depth++;
            }
            broken = expand(next);
            if ((next & 0xfff) == 0 && System.nanoTime() - tellAt > 0) {
                tellAt = System.nanoTime() + 5_000_000_000L;
                progress.accept(
                        "%,d states met, %,d of them explored, depth %d, %,d moves, %,d states of a"
                                        .formatted(met, next, depth, transitions, pair.boxStates())
                                + " box, %,d between, %,.0f states/s"
                                        .formatted(
                                                pair.betweens(),
                                                met / ((System.nanoTime() - began) / 1e9)));
            }
        }
        return new Answer(
                met,
                transitions,
                depth,
                complete && broken.isEmpty(),
                broken,
                (System.nanoTime() - began) / 1e9);
    }

    private Optional<Broken> expand(int number) {
        var state = new Pair.State(a[number], b[number], between[number]);
        var moves = pair.moves(state);
        for (int i = 0; i < moves.size(); i++) {
            transitions++;
            try {
                meet(pair.after(state, moves.get(i)), number, i);
            } catch (Violation violation) {
                return Optional.of(
                        new Broken(
                                violation.rule(),
                                violation.sentence(),
                                trace(number, moves.get(i))));
            } catch (RuntimeException check) {
                // One of the production code's own, which would have ended its process.
                return Optional.of(
                        new Broken("check", check.toString(), trace(number, moves.get(i))));
            }
        }
        return Optional.empty();
    }

    /** The pair after it came up by itself, with nothing left to do. */
    private Pair.State calm() {
        var state = pair.off(Set.of(), 0, 0);
        int quiet = 0;
        for (int i = 0; i < CALM_MOVES_MAX; i++) {
            var moves = pair.moves(state);
            var next =
                    moves.stream()
                            .filter(move -> move instanceof Pair.Move.PowerOn)
                            .findFirst()
                            .orElse(moves.getFirst());
            if (next instanceof Pair.Move.Pass
                    && isCalm(state)
                    && ++quiet > Clock.REMEMBERED_QUANTA) {
                return state;
            }
            state = pair.after(state, next);
        }
        throw new IllegalStateException("the pair does not come up");
    }

    private boolean isCalm(Pair.State state) {
        var a = pair.facts(state, 0);
        var b = pair.facts(state, 1);
        return a.serves() != b.serves()
                && a.isUpToDate()
                && b.isUpToDate()
                && a.rights().orElseThrow().record().inSync().size() == 2;
    }

    // ---------------------------------------------------------------- states

    private void meet(Pair.State state, int from, int move) {
        int mask = table.length - 1;
        for (int at = hash(state) & mask; ; at = (at + 1) & mask) {
            int known = table[at];
            if (known < 0) {
                if (met >= question.statesMax()) {
                    complete = false;
                    return;
                }
                table[at] = met;
                add(state, from, move);
                return;
            }
            if (a[known] == state.a()
                    && b[known] == state.b()
                    && between[known] == state.between()) {
                return;
            }
        }
    }

    private void add(Pair.State state, int from, int move) {
        if (met == a.length) {
            int longer = (int) Math.min(Integer.MAX_VALUE - 8L, a.length * 3L / 2);
            a = Arrays.copyOf(a, longer);
            b = Arrays.copyOf(b, longer);
            between = Arrays.copyOf(between, longer);
            parent = Arrays.copyOf(parent, longer);
            moveOfParent = Arrays.copyOf(moveOfParent, longer);
        }
        a[met] = state.a();
        b[met] = state.b();
        between[met] = state.between();
        parent[met] = from;
        moveOfParent[met] = (short) move;
        met++;
        if (met * 3L > table.length * 2L) {
            table = emptyTable(table.length * 2);
            int mask = table.length - 1;
            for (int i = 0; i < met; i++) {
                int at = hash(new Pair.State(a[i], b[i], between[i])) & mask;
                while (table[at] >= 0) {
                    at = (at + 1) & mask;
                }
                table[at] = i;
            }
        }
    }

    private static int hash(Pair.State state) {
        return LongIntTable.spread(
                (long) state.a() * 0x9E3779B97F4A7C15L
                        + (long) state.b() * 0xC2B2AE3D27D4EB4FL
                        + (long) state.between() * 0x165667B19E3779F9L);
    }

    // ---------------------------------------------------------------- traces

    private List<String> trace(int last, Pair.Move lastMove) {
        var path = new ArrayList<Integer>();
        for (int at = last; at >= 0; at = parent[at]) {
            path.add(at);
        }
        Collections.reverse(path);
        var lines = new ArrayList<String>();
        for (int i = 0; i < path.size(); i++) {
            int at = path.get(i);
            var state = new Pair.State(a[at], b[at], between[at]);
            var move =
                    i + 1 < path.size()
                            ? pair.moves(state).get(moveOfParent[path.get(i + 1)])
                            : lastMove;
            lines.add("%3d  %s".formatted(i + 1, Words.of(pair, state, move)));
            pair.tell(state, move).forEach(line -> lines.add("         " + line));
        }
        return lines;
    }
}
