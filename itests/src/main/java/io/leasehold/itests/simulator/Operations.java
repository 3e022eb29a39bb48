package io.leasehold.itests.simulator;

import java.util.Arrays;

/**
 * The numbers of operations in their order: what a tree, a journal or a client knows of a history.
 * The operation at place {@code n} of the volume has index {@code n - 1} here.
 */
final class Operations {
    private long[] ids = new long[64];
    private int size;

    int size() {
        return size;
    }

    long get(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException(index + " of " + size);
        }
        return ids[index];
    }

    void add(long id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
    }

    void truncate(int newSize) {
        size = Math.min(size, newSize);
    }

    Operations copy() {
        var copy = new Operations();
        copy.ids = Arrays.copyOf(ids, Math.max(size, 64));
        copy.size = size;
        return copy;
    }

    /** How many operations both have in common before the first difference. */
    int commonWith(Operations other) {
        int shorter = Math.min(size, other.size);
        int difference = Arrays.mismatch(ids, 0, shorter, other.ids, 0, shorter);
        return difference < 0 ? shorter : difference;
    }

    boolean startsWith(Operations prefix) {
        return prefix.size <= size && commonWith(prefix) == prefix.size;
    }

    boolean sameAs(Operations other) {
        return size == other.size && commonWith(other) == size;
    }
}
