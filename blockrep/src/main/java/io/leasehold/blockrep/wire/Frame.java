package io.leasehold.blockrep.wire;

import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;

/**
 * One message between two nodes. Every frame carries an epoch and a sequence beside it (R2), see
 * {@link Envelope}. Arrays belong to the frame and are not changed.
 */
@SuppressWarnings(
        "ArrayRecordComponent") // Carries bytes from one place to the next; never compared.
public sealed interface Frame {

    /**
     * What every frame's header says: the sender's epoch as writer (or its promise), and a place in
     * the order.
     */
    record Envelope(long epoch, Seq seq, Frame frame) {}

    /**
     * The sender's copy, first in a session and whenever role, promise or tree have changed by
     * other than operations.
     */
    record StandingIs(ClusterName cluster, Standing standing) implements Frame {}

    /** Opaque to this module (R2: travels in the same ordered session as operations). */
    record ClusterMessage(byte[] bytes) implements Frame {
        public static final int BYTES_MAX = 64 << 10;
    }

    /** The sender is alive and holds {@code root} at the envelope's sequence. */
    record Alive(Root root) implements Frame {}

    /** Primary: what follows are the operations behind the envelope's sequence, of this lineage. */
    record ReplayBegins(Lineage lineage) implements Frame {}

    /**
     * Primary: the receiver has everything; from now on each operation comes when it has its place.
     */
    record Live() implements Frame {}

    /** Primary: whether the record names the receiver as in sync. */
    record InSync(boolean receiver) implements Frame {}

    /** Primary: the operation with the envelope's sequence. */
    record OperationIs(RequestId request, Root root, long writerEpoch, byte[] operation)
            implements Frame {}

    /**
     * Primary: somebody waits for everything up to the envelope's sequence; {@code committed} is
     * complete.
     */
    record Flush(Seq committed) implements Frame {}

    /**
     * Secondary: everything up to the envelope's sequence is durable here, and this is the root
     * there.
     */
    record Durable(Root root) implements Frame {}

    /**
     * The sender ends the session: what it received is of a lower epoch than the envelope's, which
     * it has promised (R2), or is not what the receiver may send; or the sender cannot do its part.
     */
    record Rejected(String reason) implements Frame {}

    // ---- compare (R31) ----

    /** What comes between {@link CompareBegins} and {@link CompareEnds}, from the primary. */
    sealed interface ComparePart extends Frame {}

    /**
     * Primary: a compare begins; the manifest that follows has the envelope's sequence.
     *
     * @param keepBranch the receiver has something that this history does not: keep what it
     *     replaces
     */
    record CompareBegins(String reason, boolean keepBranch, Root root) implements Frame {}

    /** Primary: a part of the encoded manifest of its tree; {@code last} with the last part. */
    record ManifestPart(byte[] bytes, boolean last) implements ComparePart {}

    /**
     * Primary: SHA-256 of consecutive chunks of a file, {@link
     * io.leasehold.blockrep.volume.TreeDigest#CHUNK_BYTES} each; file 0 ends the list.
     */
    record ChunkHashes(long fileId, long offsetBytes, byte[] hashes) implements ComparePart {
        public static final int HASH_BYTES = 32;
        public static final int HASHES_MAX = 1024;
    }

    /** What the secondary says to a compare. */
    sealed interface CompareAnswer extends Frame {}

    /** Secondary: this content differs from its own or is missing; file 0 ends the list. */
    record ChunksWanted(long fileId, long offsetBytes, int lengthBytes) implements CompareAnswer {}

    /**
     * Primary, right behind {@link CompareBegins}: at the envelope's sequence its root was this,
     * and it knows what it has touched since. If the receiver does, too, nothing else need be
     * compared.
     */
    record SharedPoint(Root root) implements ComparePart {}

    /**
     * Secondary: a part of the encoded {@link io.leasehold.blockrep.volume.Changes} of what it has
     * touched since {@link SharedPoint}, whose sequence is the envelope's; sequence 0: it cannot
     * tell, all must be compared.
     */
    record ChangedHere(byte[] bytes, boolean last) implements CompareAnswer {}

    /**
     * Primary: a part of the encoded changes of both nodes. The manifest that follows, and the
     * content, are of these files alone.
     */
    record ResyncSet(byte[] bytes, boolean last) implements ComparePart {}

    /** Primary: content. */
    record Chunk(long fileId, long offsetBytes, byte[] bytes) implements ComparePart {}

    /** Primary: an operation that was given its place while the copying went on. */
    record CatchUp(RequestId request, Root root, long writerEpoch, byte[] operation)
            implements ComparePart {}

    /**
     * Primary: with everything up to the envelope's sequence the shadow is the tree of this root.
     */
    record CompareEnds(Root root, Lineage lineage) implements Frame {}

    // ---- verify ----

    /**
     * Primary: the digest of a piece of its tree at the envelope's sequence.
     *
     * @param fileId 0: all files without their contents
     */
    record VerifyPiece(long number, long fileId, long offsetBytes, int lengthBytes, byte[] digest)
            implements Frame {}

    /**
     * Secondary: whether its own piece, at the same sequence, is the same; {@code detail} says what
     * differs.
     */
    record VerifyAnswer(long number, boolean same, String detail) implements Frame {}
}
