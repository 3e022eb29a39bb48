package io.leasehold.itests.exhaustive;

import java.util.Arrays;

/** Gives equal rows of numbers one number each, from 0 on; all of them lie in one plain array. */
final class IntRows {
    private int[] data = new int[1 << 10];
    private int[] ends = new int[1 << 8];
    private int[] table = empty(1 << 9);
    private int size;

    private static int[] empty(int length) {
        var table = new int[length];
        Arrays.fill(table, -1);
        return table;
    }

    /** The number of {@code row}'s entries from {@code from} to before {@code to}. */
    int of(int[] row, int from, int to) {
        int mask = table.length - 1;
        for (int at = hash(row, from, to) & mask; ; at = (at + 1) & mask) {
            int known = table[at];
            if (known < 0) {
                table[at] = size;
                return add(row, from, to);
            }
            if (Arrays.equals(data, begin(known), ends[known], row, from, to)) {
                return known;
            }
        }
    }

    int[] row(int number) {
        return Arrays.copyOfRange(data, begin(number), ends[number]);
    }

    int size() {
        return size;
    }

    private int begin(int number) {
        return number == 0 ? 0 : ends[number - 1];
    }

    private int add(int[] row, int from, int to) {
        int begin = size == 0 ? 0 : ends[size - 1];
        int end = Math.addExact(begin, to - from);
        if (end > data.length) {
            data = Arrays.copyOf(data, longer(Math.max(end, data.length)));
        }
        if (size == ends.length) {
            ends = Arrays.copyOf(ends, longer(ends.length));
        }
        System.arraycopy(row, from, data, begin, to - from);
        ends[size] = end;
        size++;
        if (size * 3L > table.length * 2L) {
            grow();
        }
        return size - 1;
    }

    static int longer(int length) {
        return (int) Math.min(Integer.MAX_VALUE - 8L, length * 3L / 2 + 1);
    }

    private void grow() {
        table = empty(table.length * 2);
        int mask = table.length - 1;
        for (int number = 0; number < size; number++) {
            int at = hash(data, begin(number), ends[number]) & mask;
            while (table[at] >= 0) {
                at = (at + 1) & mask;
            }
            table[at] = number;
        }
    }

    private static int hash(int[] row, int from, int to) {
        long hash = (long) to - from;
        for (int i = from; i < to; i++) {
            hash = hash * 0x9E3779B97F4A7C15L + row[i];
        }
        return LongIntTable.spread(hash);
    }
}
