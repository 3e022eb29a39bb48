package io.leasehold.blockrep;

import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;

/** Outcome of {@link ReplicatedVolume#park} (R17). */
public sealed interface Drained {

    /** New operations wait; everything up to {@code last} is durable on every in-sync node. */
    record AllDurable(Seq last, Root root) implements Drained {}

    /** The limit passed first; writes go on as before. */
    record TimedOut(Seq last, Seq durableOnAll) implements Drained {}
}
