package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.Manifest;
import io.leasehold.blockrep.wire.FrameCodec;
import java.util.Iterator;
import java.util.stream.Stream;

/**
 * Which pieces of content a patch has, and in which order they are sent: both nodes make the same
 * one from the same resync set and manifest, so that a piece that is missing is noticed.
 */
final class PatchPlan {
    private PatchPlan() {}

    /** A piece of a file's content, at most one frame long. */
    record Piece(long fileId, long offsetBytes, int lengthBytes) {}

    static Iterator<Piece> pieces(Changes set, Manifest manifest) {
        return manifest.files().stream()
                .filter(file -> file.kind() == FileKind.FILE)
                .flatMap(file ->
                        set.extents(file.id(), file.sizeBytes()).stream()
                                .flatMap(extent -> split(file.id().value(), extent)))
                .iterator();
    }

    static long bytes(Changes set, Manifest manifest) {
        return manifest.files().stream()
                .filter(file -> file.kind() == FileKind.FILE)
                .flatMap(file -> set.extents(file.id(), file.sizeBytes()).stream())
                .mapToLong(Changes.Extent::lengthBytes)
                .sum();
    }

    private static Stream<Piece> split(long fileId, Changes.Extent extent) {
        long end = extent.offsetBytes() + extent.lengthBytes();
        return Stream.iterate(
                        extent.offsetBytes(),
                        offset -> offset < end,
                        offset -> offset + FrameCodec.CHUNK_BYTES_MAX)
                .map(offset ->
                        new Piece(
                                fileId,
                                offset,
                                (int) Math.min(FrameCodec.CHUNK_BYTES_MAX, end - offset)));
    }
}
