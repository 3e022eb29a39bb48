package io.leasehold.blockrep.volume;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;

/**
 * What makes some files of a copy those of a source (ADR 17); all others are the same already.
 *
 * @param files that it is about. Those of them that the manifest lacks are gone
 * @param discarded those of the files that this copy made behind what it has in common with the
 *     source. If the source has a file of that id, it is another one, and all of its content is in
 *     the pieces
 * @param manifest what the source has of the files, and the id that it gives next
 * @param content of the files, where it is not the same already
 */
public record Patch(Set<FileId> files, Set<FileId> discarded, Manifest manifest, Content content) {

    /** Changes nothing. */
    static final Patch NONE =
            new Patch(Set.of(), Set.of(), new Manifest(Seq.NONE, FileId.ROOT, List.of()), _ -> {});

    /** Pieces of content; can be gone through any number of times. */
    @FunctionalInterface
    public interface Content {
        /** Shows all pieces to the visitor. Fails as reading them, or as the visitor. */
        void forEachPiece(PieceVisitor visitor) throws IOException;
    }

    /** Is shown content, in native memory that is somebody else's after the call. */
    @FunctionalInterface
    public interface PieceVisitor {
        void visit(FileId id, long offsetBytes, MemorySegment content) throws IOException;
    }
}
