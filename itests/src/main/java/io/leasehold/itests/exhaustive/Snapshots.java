package io.leasehold.itests.exhaustive;

import org.jspecify.annotations.Nullable;

/**
 * Lists of values that never change, as a {@link Memory} reads them, by number. Each value is kept
 * once, and so is each group of values that were there together: two states of a machine differ in
 * few of them.
 */
final class Snapshots {
    private static final int GROUP = 8;

    /** In the place of null. */
    private static final Object NOTHING = new Object();

    private final Numbers<Object> values = new Numbers<>();
    private final IntRows groups = new IntRows();
    private final IntRows rows = new IntRows();

    // What was given out last: most of it comes back as it was.
    private @Nullable Object[] last = new @Nullable Object[0];
    private int[] lastNumbers = new int[0];

    int of(@Nullable Object[] held) {
        var numbers = new int[held.length];
        for (int i = 0; i < held.length; i++) {
            var value = held[i];
            boolean same = i < last.length && value == last[i];
            numbers[i] = same ? lastNumbers[i] : values.of(value == null ? NOTHING : value);
        }
        var row = new int[(held.length + GROUP - 1) / GROUP];
        for (int i = 0; i < row.length; i++) {
            row[i] = groups.of(numbers, i * GROUP, Math.min((i + 1) * GROUP, held.length));
        }
        return rows.of(row, 0, row.length);
    }

    int size() {
        return rows.size();
    }

    @Nullable Object[] get(int number) {
        var row = rows.row(number);
        int length =
                row.length == 0
                        ? 0
                        : (row.length - 1) * GROUP + groups.row(row[row.length - 1]).length;
        var numbers = new int[length];
        for (int i = 0; i < row.length; i++) {
            var group = groups.row(row[i]);
            System.arraycopy(group, 0, numbers, i * GROUP, group.length);
        }
        var held = new @Nullable Object[length];
        for (int i = 0; i < length; i++) {
            var value = values.value(numbers[i]);
            held[i] = value == NOTHING ? null : value;
        }
        last = held;
        lastNumbers = numbers;
        return held;
    }
}
