package io.leasehold.blockrep;

import io.leasehold.blockrep.volume.Seq;
import java.util.List;

/**
 * Outcome of a full comparison of both trees.
 *
 * @param from the position at which it began
 * @param to the position at which it ended; each piece was compared on both nodes at the same
 *     position in between
 * @param itemsCompared files, directories and other entries
 * @param bytesCompared contents
 * @param differences the first {@value #DIFFERENCES_MAX}, for a person; empty if the copies are
 *     identical
 */
public record VerifyReport(
        Seq from, Seq to, long itemsCompared, long bytesCompared, List<String> differences) {
    public static final int DIFFERENCES_MAX = 100;

    public boolean identical() {
        return differences.isEmpty();
    }
}
