package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.record.ArbitrationMode;
import java.util.Arrays;
import java.util.List;

/**
 * All states of one node that were met, by number, and what each does upon each input: worked out
 * once by the {@link Box}, because that is what it is made of, pure machines.
 */
final class Boxes {

    /** What an input leads to. */
    record Result(int state, List<Output> outputs, int effects) {}

    private final Box box;
    private final Memory memory;
    private final Snapshots ofDaemon = new Snapshots();
    private final Snapshots ofBox = new Snapshots();

    /** Of a state: the number of what the box holds, and that of its daemon. */
    private final IntRows states = new IntRows();

    private final Numbers<Box.Facts> facts = new Numbers<>();
    private int[] factsOfStates = new int[1 << 8];
    private final Numbers<Input> inputs = new Numbers<>();
    private final LongIntTable known = new LongIntTable();

    /** Of a result: the state that follows, the number of its outputs, that of effects. */
    private final IntRows results = new IntRows();

    private final Numbers<List<Output>> outputs = new Numbers<>();
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
        return facts.value(factsOfStates[state]);
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
            var row = results.row(number);
            return new Result(row[0], outputs.value(row[1]), row[2]);
        }
        var result = work(state, input);
        var row = new int[] {result.state, outputs.of(result.outputs), result.effects};
        known.put(key, results.of(row, 0, row.length));
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
        } catch (RuntimeException _) {
            // It is told by whoever met it.
        }
        return box.told();
    }

    private void become(int state, Input input) {
        var parts = states.row(state);
        var boxValues = ofBox.get(parts[0]);
        var daemonValues = ofDaemon.get(parts[1]);
        if (input instanceof Input.Pass pass) {
            memory.write(memory.older(boxValues, Clock.QUANTUM_NANOS, pass.renumbering()));
            box.daemonMemory(daemonValues, pass.renumbering());
        } else {
            memory.write(boxValues);
            box.daemonMemory(daemonValues);
        }
    }

    private int remember() {
        int before = states.size();
        var parts = new int[] {ofBox.of(memory.read()), ofDaemon.of(box.daemonMemory())};
        int number = states.of(parts, 0, parts.length);
        if (number == before) {
            if (number == factsOfStates.length) {
                factsOfStates = Arrays.copyOf(factsOfStates, IntRows.longer(number));
            }
            factsOfStates[number] = facts.of(box.facts());
        }
        return number;
    }
}
