package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.record.ArbitrationMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All states of one node that were met, by number, and what each does upon each input: worked out
 * once by the {@link Box}, because that is what it is made of, pure machines.
 */
final class Boxes {

    /** What an input leads to. */
    record Result(int state, List<Output> outputs, int effects) {}

    /** A list of values as one value; hashed once. */
    private static final class Values {
        private final @Nullable Object[] values;
        private final int hash;

        private Values(@Nullable Object[] values) {
            this.values = values;
            this.hash = Arrays.hashCode(values);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Values that && Arrays.equals(values, that.values);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private final Box box;
    private final Memory memory;
    private final Numbers<Values> ofDaemon = new Numbers<>();
    private final Numbers<Values> ofBox = new Numbers<>();
    private final LongIntTable numbers = new LongIntTable();
    private final List<Long> states = new ArrayList<>();
    private final List<Box.Facts> facts = new ArrayList<>();
    private final Numbers<Input> inputs = new Numbers<>();
    private final LongIntTable known = new LongIntTable();
    private final List<Result> results = new ArrayList<>();
    private final int first;

    Boxes(int index, ArbitrationMode mode, Mutation mutation) {
        box = new Box(index, mode, mutation);
        memory = new Memory(box);
        first = remember();
    }

    /** Without power, with an empty disk. */
    int first() {
        return first;
    }

    Box.Facts facts(int state) {
        return facts.get(state);
    }

    int size() {
        return states.size();
    }

    /**
     * @throws Violation if something happens that never must
     */
    Result take(int state, Input input) {
        long key = (long) state << 32 | inputs.of(input);
        int number = known.get(key);
        if (number != LongIntTable.ABSENT) {
            return results.get(number);
        }
        var result = work(state, input);
        known.put(key, results.size());
        results.add(result);
        return result;
    }

    private Result work(int state, Input input) {
        try {
            become(state, input);
            var outputs = box.take(input);
            return new Result(remember(), outputs, box.effectsPerformed());
        } catch (IllegalStateException broken) {
            throw new Violation("check", String.valueOf(broken.getMessage()));
        }
    }

    /** What the daemon says while it takes this input. */
    List<String> tell(int state, Input input) {
        try {
            work(state, input);
        } catch (Violation _) {
            // It is told by whoever met it.
        }
        return box.told();
    }

    private void become(int state, Input input) {
        long parts = states.get(state);
        var boxValues = ofBox.value((int) (parts >>> 32)).values;
        var daemonValues = ofDaemon.value((int) parts).values;
        if (input instanceof Input.Pass pass) {
            memory.write(memory.older(boxValues, Clock.QUANTUM_NANOS, pass.renumbering()));
            box.daemonMemory(daemonValues, pass.renumbering());
        } else {
            memory.write(boxValues);
            box.daemonMemory(daemonValues);
        }
    }

    private int remember() {
        long parts =
                (long) ofBox.of(new Values(memory.read())) << 32
                        | ofDaemon.of(new Values(box.daemonMemory()));
        int number = numbers.get(parts);
        if (number == LongIntTable.ABSENT) {
            number = states.size();
            numbers.put(parts, number);
            states.add(parts);
            facts.add(box.facts());
        }
        return number;
    }
}
