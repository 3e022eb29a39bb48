package io.leasehold.ops.control;

import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a branch has that the live volume has not, and the other way round.
 *
 * @param name as typed
 * @param node whose copy it was, and on whose disk it is
 * @param keptAt when it was replaced
 * @param epoch the last one in its history
 * @param lastSequence its last operation
 * @param sentence the same, and the differences, in plain words
 * @param directory of its files
 * @param liveDirectory of the files that it was compared with
 * @param filesDifferent in all
 * @param files the first ones, by their names
 * @param leasesInBranch addresses with a record in it
 * @param leasesLive addresses with a record in the live volume
 * @param leasesDifferent in all
 * @param leasesAtRisk of those, the ones that a client may be using unknown to the live volume
 * @param leases the first ones, those at risk before all others
 */
public record BranchView(
        String name,
        String node,
        Instant keptAt,
        long epoch,
        long lastSequence,
        String sentence,
        String directory,
        String liveDirectory,
        long filesDifferent,
        List<FileView> files,
        long leasesInBranch,
        long leasesLive,
        long leasesDifferent,
        long leasesAtRisk,
        List<LeaseDifferenceView> leases)
        implements View {

    /**
     * A name under which they have different things.
     *
     * @param path below the directories
     * @param difference only-in-branch, only-live or different
     * @param branchBytes empty if it is not in the branch
     * @param liveBytes empty if it is not in the live volume
     */
    public record FileView(
            String path, String difference, OptionalLong branchBytes, OptionalLong liveBytes) {}
}
