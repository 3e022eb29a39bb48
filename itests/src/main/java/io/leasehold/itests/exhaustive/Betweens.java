package io.leasehold.itests.exhaustive;

import java.util.Set;

/**
 * All that was ever between the boxes, by number. One is mostly asked for several times in a row.
 */
final class Betweens {
    private final Snapshots parts = new Snapshots();
    private int last = -1;
    private Between lastValue = Between.first(Set.of(), 0, 0);

    int of(Between between) {
        return parts.of(between.parts());
    }

    Between value(int number) {
        if (number != last) {
            lastValue = Between.of(parts.get(number));
            last = number;
        }
        return lastValue;
    }

    int size() {
        return parts.size();
    }
}
