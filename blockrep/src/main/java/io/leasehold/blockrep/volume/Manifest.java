package io.leasehold.blockrep.volume;

import java.util.List;

/**
 * All files of a volume at one place in the order.
 *
 * @param applied the state is that right after this operation
 * @param nextId the id that the next new file gets
 * @param files by ascending id, the root first
 */
public record Manifest(Seq applied, FileId nextId, List<FileImage> files) {

    public Manifest {
        files = List.copyOf(files);
    }
}
