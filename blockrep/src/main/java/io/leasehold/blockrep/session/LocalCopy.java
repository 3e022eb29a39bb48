package io.leasehold.blockrep.session;

import io.leasehold.blockrep.replication.Event.RootCheck;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.volume.Seq;
import java.util.Optional;

/**
 * This node's copy as {@link SessionProtocol} looks at it. Only reads, from memory: between two
 * orders the same question has the same answer.
 */
public interface LocalCopy {

    /** What this node says of its copy. */
    Standing standing();

    /** {@link io.leasehold.blockrep.replication.Replication#rejects}. */
    Optional<String> rejects(long frameEpoch);

    /** {@link io.leasehold.blockrep.replication.Replication#isLive}. */
    boolean isLive();

    /** Compares the peer's root with the one that the writer had there. */
    RootCheck check(Seq seq, Root root);
}
