package io.leasehold.blockrep.volume;

import java.io.IOException;
import java.util.List;
import java.util.Set;

/**
 * What makes some files of a copy those of a source (ADR 17); all others are the same already. Can
 * be gone through any number of times.
 */
public interface Patch {

    /** Changes nothing. */
    Patch NONE =
            new Patch() {
                @Override
                public Set<FileId> files() {
                    return Set.of();
                }

                @Override
                public Set<FileId> discarded() {
                    return Set.of();
                }

                @Override
                public Manifest manifest() {
                    return new Manifest(Seq.NONE, FileId.ROOT, List.of());
                }

                @Override
                public void forEachPiece(PieceVisitor visitor) {}
            };

    /** The files that it is about. Those of them that the manifest lacks are gone. */
    Set<FileId> files();

    /**
     * Those of {@link #files} that this copy made behind what it has in common with the source. If
     * the source has a file of that id, it is another one, and all of its content is in the pieces.
     */
    Set<FileId> discarded();

    /** What the source has of {@link #files}, and the id that it gives next. */
    Manifest manifest();

    /** Shows all pieces of content to the visitor. Fails as reading them, or as the visitor. */
    void forEachPiece(PieceVisitor visitor) throws IOException;

    /** Is shown content. */
    @FunctionalInterface
    interface PieceVisitor {
        void visit(FileId id, long offsetBytes, Bytes content) throws IOException;
    }
}
