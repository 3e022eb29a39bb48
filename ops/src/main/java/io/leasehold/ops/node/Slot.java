package io.leasehold.ops.node;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * A part of the node that another part needs although it is made later. Filled once while the node
 * is put together; whoever comes before that finds it empty.
 */
final class Slot<T> {
    private volatile Optional<T> part = Optional.empty();

    void fill(T made) {
        if (part.isPresent()) {
            throw new IllegalStateException("filled twice, with " + part.get() + " and " + made);
        }
        part = Optional.of(made);
    }

    Optional<T> get() {
        return part;
    }

    void ifFilled(Consumer<T> use) {
        part.ifPresent(use);
    }
}
