package io.leasehold.blockrep.volume;

import java.io.IOException;

/**
 * A stretch of the order of operations, without gaps, oldest first. Can be gone through any number
 * of times.
 */
@FunctionalInterface
public interface History {

    /** Nothing happened. */
    History NONE = visitor -> {};

    /** Shows every operation to the visitor. Fails as reading the journal, or as the visitor. */
    void forEach(Visitor visitor) throws IOException;

    /** Is shown operations. */
    @FunctionalInterface
    interface Visitor {
        void visit(Seq seq, Operation operation) throws IOException;
    }
}
