package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.volume.Seq;

/** The ring has overtaken what was asked for: the peer must be compared instead of replayed. */
public final class RecordsGoneException extends Exception {
    private static final long serialVersionUID = 1;

    RecordsGoneException(Seq wanted, Seq oldest) {
        super("operation " + wanted + " is gone, the oldest one is " + oldest);
    }
}
