package io.leasehold.itests.exhaustive;

import java.util.Arrays;

/** From numbers to numbers that are not negative, in two plain arrays: open addressing. */
final class LongIntTable {
    static final int ABSENT = -1;

    private long[] keys = new long[1 << 16];
    private int[] values = filled(keys.length);
    private int size;

    private static int[] filled(int length) {
        var values = new int[length];
        Arrays.fill(values, ABSENT);
        return values;
    }

    static int spread(long key) {
        long mixed = (key ^ (key >>> 32)) * 0x9E3779B97F4A7C15L;
        return (int) (mixed ^ (mixed >>> 29));
    }

    int get(long key) {
        int mask = keys.length - 1;
        for (int at = spread(key) & mask; ; at = (at + 1) & mask) {
            if (values[at] == ABSENT) {
                return ABSENT;
            }
            if (keys[at] == key) {
                return values[at];
            }
        }
    }

    /** A key that is not there yet. */
    void put(long key, int value) {
        if (++size * 3L > keys.length * 2L) {
            var oldKeys = keys;
            var oldValues = values;
            keys = new long[oldKeys.length * 2];
            values = filled(keys.length);
            for (int i = 0; i < oldKeys.length; i++) {
                if (oldValues[i] != ABSENT) {
                    place(oldKeys[i], oldValues[i]);
                }
            }
        }
        place(key, value);
    }

    private void place(long key, int value) {
        int mask = keys.length - 1;
        int at = spread(key) & mask;
        while (values[at] != ABSENT) {
            at = (at + 1) & mask;
        }
        keys[at] = key;
        values[at] = value;
    }

    int size() {
        return size;
    }
}
