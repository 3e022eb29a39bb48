package io.leasehold.ops.control;

import java.time.Instant;
import java.util.List;

/**
 * The branches that both nodes keep: copies that a resync replaced although they had something that
 * the new one has not.
 *
 * @param branches of the node that answers, then of its peer, the newest first
 * @param remarks what is missing in this list
 */
public record BranchesView(List<Summary> branches, List<String> remarks) implements View {

    /**
     * One branch.
     *
     * @param name what to type
     * @param node whose copy it was, and on whose disk it is
     * @param keptAt when it was replaced
     * @param epoch the last one in its history
     * @param lastSequence its last operation
     * @param files in its tree
     * @param bytes in all of them
     * @param lookedAt a person has seen it, with {@code branches show} or {@code branches export}
     */
    public record Summary(
            String name,
            String node,
            Instant keptAt,
            long epoch,
            long lastSequence,
            long files,
            long bytes,
            boolean lookedAt) {}
}
