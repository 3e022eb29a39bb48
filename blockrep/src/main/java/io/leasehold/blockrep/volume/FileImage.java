package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.volume.Operation.Access;
import java.util.List;
import java.util.SortedMap;

/**
 * All that a file is, except its content.
 *
 * @param names its names, sorted; none for the root and for an orphan
 * @param sizeBytes of a regular file; 0 for others
 * @param target of a symbolic link; empty for others
 * @param xattrs extended attributes that belong to the user, by whole name
 */
public record FileImage(
        FileId id,
        FileKind kind,
        Access access,
        long sizeBytes,
        long accessTimeNanos,
        long modifyTimeNanos,
        long changeTimeNanos,
        Bytes target,
        List<Placement> names,
        SortedMap<Bytes, Bytes> xattrs) {

    /** Whether the file has lost its last name but was still open. */
    public boolean isOrphan() {
        return names.isEmpty() && !id.equals(FileId.ROOT);
    }
}
