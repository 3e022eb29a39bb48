package io.leasehold.blockrep.wire;

import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame.Alive;
import io.leasehold.blockrep.wire.Frame.CatchUp;
import io.leasehold.blockrep.wire.Frame.ChangedHere;
import io.leasehold.blockrep.wire.Frame.Chunk;
import io.leasehold.blockrep.wire.Frame.ChunkHashes;
import io.leasehold.blockrep.wire.Frame.ChunksWanted;
import io.leasehold.blockrep.wire.Frame.ClusterMessage;
import io.leasehold.blockrep.wire.Frame.CompareBegins;
import io.leasehold.blockrep.wire.Frame.CompareEnds;
import io.leasehold.blockrep.wire.Frame.Durable;
import io.leasehold.blockrep.wire.Frame.Envelope;
import io.leasehold.blockrep.wire.Frame.Flush;
import io.leasehold.blockrep.wire.Frame.InSync;
import io.leasehold.blockrep.wire.Frame.Live;
import io.leasehold.blockrep.wire.Frame.ManifestPart;
import io.leasehold.blockrep.wire.Frame.OperationIs;
import io.leasehold.blockrep.wire.Frame.Rejected;
import io.leasehold.blockrep.wire.Frame.ReplayBegins;
import io.leasehold.blockrep.wire.Frame.ResyncSet;
import io.leasehold.blockrep.wire.Frame.SharedPoint;
import io.leasehold.blockrep.wire.Frame.StandingIs;
import io.leasehold.blockrep.wire.Frame.VerifyAnswer;
import io.leasehold.blockrep.wire.Frame.VerifyPiece;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Optional;

/**
 * Frames as bytes. Integers are big-endian.
 *
 * <pre>
 *  0               4               6               8               16              24
 * +---------------+---------------+---------------+---------------+---------------+----
 * | length (u32)  | type (u16)    | 0 (u16)       | epoch (u64)   | seq (u64)     | body
 * +---------------+---------------+---------------+---------------+---------------+----
 *   of all that follows it: 20 to FRAME_BYTES_MAX - 4
 *
 *   type                body
 *    1 StandingIs       cluster, node, device, u8 role, u64 promised, lineage, u64 last, u64 committed,
 *                       root, u64 acknowledged alone (0: nothing)
 *    2 ClusterMessage   bytes
 *    3 Alive            root
 *    4 ReplayBegins     lineage
 *    5 Live
 *    6 InSync           u8
 *    7 OperationIs      request, root, u64 writer's epoch, operation (OperationCodec)
 *    8 Flush            u64 committed
 *    9 Durable          root
 *   10 Rejected         text
 *   11 CompareBegins    text, u8 keep branch, root
 *   12 ManifestPart     u8 last, bytes
 *   13 ChunksWanted     u64 file, u64 offset, u32 length
 *   14 Chunk            u64 file, u64 offset, bytes
 *   15 CatchUp          as OperationIs
 *   16 CompareEnds      root, lineage
 *   17 VerifyPiece      u64 number, u64 file, u64 offset, u32 length, digest: the rest
 *   18 VerifyAnswer     u64 number, u8 same, text
 *   19 ChunkHashes      u64 file, u64 offset, hashes of 32 bytes to the frame's end
 *   20 SharedPoint      root                                                     from version 3 on
 *   21 ChangedHere      u8 last, bytes (Changes)                                 from version 3 on
 *   22 ResyncSet        u8 last, bytes (Changes)                                 from version 3 on
 *
 *   cluster, node: u8 length, UTF-8     text: u16 length, UTF-8       bytes, operation: to the frame's end
 *   device, root, request: u64 u64      lineage: u16 count, of each u64 epoch, u64 start, device
 * </pre>
 *
 * A type's number is never used again for something else. A frame that is longer or shorter than
 * its type needs is an error.
 */
public final class FrameCodec {
    public static final int HEADER_BYTES = 24;

    /** No frame is longer: the largest operation with what goes with it. */
    public static final int FRAME_BYTES_MAX = OperationCodec.MAX_ENCODED_BYTES + 128;

    /** Largest piece of a file that is verified at one place in the order. */
    public static final int VERIFY_BYTES_MAX = 1 << 20;

    /** Largest piece of content or of a manifest in one frame. */
    public static final int CHUNK_BYTES_MAX = 256 << 10;

    private static final int TEXT_BYTES_MAX = 1024;

    private FrameCodec() {}

    /**
     * Appends an operation, which is by far the most frequent frame, without making a record of it.
     */
    public static void encodeOperation(
            ByteBuffer out,
            boolean live,
            long epoch,
            Seq seq,
            RequestId request,
            Root root,
            long writerEpoch,
            ByteBuffer operation) {
        int start = begin(out, live ? 7 : 15, epoch, seq);
        out.putLong(request.mountIncarnation()).putLong(request.unique());
        putRoot(out, root);
        out.putLong(writerEpoch);
        out.put(operation.duplicate());
        end(out, start);
    }

    /** How many bytes {@link #encodeOperation} appends. */
    public static int operationFrameBytes(int operationBytes) {
        return HEADER_BYTES + 40 + operationBytes;
    }

    /** An upper bound of what {@link #encode} appends for any frame but an operation's. */
    public static int encodedBytesMax(Frame frame) {
        return HEADER_BYTES
                + switch (frame) {
                    case StandingIs _, CompareBegins _, ReplayBegins _, CompareEnds _ -> 8192;
                    case ClusterMessage(var bytes) -> bytes.length;
                    case ManifestPart(var bytes, var _) -> bytes.length + 1;
                    case ChangedHere(var bytes, var _) -> bytes.length + 1;
                    case ResyncSet(var bytes, var _) -> bytes.length + 1;
                    case Chunk(var _, var _, var bytes) -> bytes.length + 16;
                    case OperationIs o -> o.operation().length + 40;
                    case CatchUp o -> o.operation().length + 40;
                    case VerifyPiece piece -> piece.digest().length + 28;
                    case ChunkHashes(var _, var _, var hashes) -> hashes.length + 16;
                    case VerifyAnswer _, Rejected _ -> TEXT_BYTES_MAX + 16;
                    case Alive _,
                            Live _,
                            InSync _,
                            Flush _,
                            Durable _,
                            ChunksWanted _,
                            SharedPoint _ ->
                            32;
                };
    }

    /** Appends a frame. */
    public static void encode(ByteBuffer out, long epoch, Seq seq, Frame frame) {
        switch (frame) {
            case StandingIs(var cluster, var standing) -> {
                int start = begin(out, 1, epoch, seq);
                putName(out, cluster.value());
                putStanding(out, standing);
                end(out, start);
            }
            case ClusterMessage(var bytes) -> {
                if (bytes.length > ClusterMessage.BYTES_MAX) {
                    throw new IllegalArgumentException("message of " + bytes.length + " bytes");
                }
                int start = begin(out, 2, epoch, seq);
                out.put(bytes);
                end(out, start);
            }
            case Alive(var root) -> {
                int start = begin(out, 3, epoch, seq);
                putRoot(out, root);
                end(out, start);
            }
            case ReplayBegins(var lineage) -> {
                int start = begin(out, 4, epoch, seq);
                putLineage(out, lineage);
                end(out, start);
            }
            case Live() -> end(out, begin(out, 5, epoch, seq));
            case InSync(var receiver) -> {
                int start = begin(out, 6, epoch, seq);
                out.put((byte) (receiver ? 1 : 0));
                end(out, start);
            }
            case OperationIs(var request, var root, var writerEpoch, var operation) ->
                    encodeOperation(
                            out,
                            true,
                            epoch,
                            seq,
                            request,
                            root,
                            writerEpoch,
                            ByteBuffer.wrap(operation));
            case CatchUp(var request, var root, var writerEpoch, var operation) ->
                    encodeOperation(
                            out,
                            false,
                            epoch,
                            seq,
                            request,
                            root,
                            writerEpoch,
                            ByteBuffer.wrap(operation));
            case Flush(var committed) -> {
                int start = begin(out, 8, epoch, seq);
                out.putLong(committed.value());
                end(out, start);
            }
            case Durable(var root) -> {
                int start = begin(out, 9, epoch, seq);
                putRoot(out, root);
                end(out, start);
            }
            case Rejected(var reason) -> {
                int start = begin(out, 10, epoch, seq);
                putText(out, reason);
                end(out, start);
            }
            case CompareBegins(var reason, var keepBranch, var root) -> {
                int start = begin(out, 11, epoch, seq);
                putText(out, reason);
                out.put((byte) (keepBranch ? 1 : 0));
                putRoot(out, root);
                end(out, start);
            }
            case ManifestPart(var bytes, var last) -> encodePart(out, 12, epoch, seq, bytes, last);
            case SharedPoint(var root) -> {
                int start = begin(out, 20, epoch, seq);
                putRoot(out, root);
                end(out, start);
            }
            case ChangedHere(var bytes, var last) -> encodePart(out, 21, epoch, seq, bytes, last);
            case ResyncSet(var bytes, var last) -> encodePart(out, 22, epoch, seq, bytes, last);
            case ChunkHashes(var file, var offset, var hashes) -> {
                int start = begin(out, 19, epoch, seq);
                out.putLong(file).putLong(offset).put(hashes);
                end(out, start);
            }
            case ChunksWanted(var file, var offset, var length) -> {
                int start = begin(out, 13, epoch, seq);
                out.putLong(file).putLong(offset).putInt(length);
                end(out, start);
            }
            case Chunk(var file, var offset, var bytes) -> {
                int start = begin(out, 14, epoch, seq);
                out.putLong(file).putLong(offset).put(bytes);
                end(out, start);
            }
            case CompareEnds(var root, var lineage) -> {
                int start = begin(out, 16, epoch, seq);
                putRoot(out, root);
                putLineage(out, lineage);
                end(out, start);
            }
            case VerifyPiece(var number, var file, var offset, var length, var digest) -> {
                int start = begin(out, 17, epoch, seq);
                out.putLong(number).putLong(file).putLong(offset).putInt(length).put(digest);
                end(out, start);
            }
            case VerifyAnswer(var number, var same, var detail) -> {
                int start = begin(out, 18, epoch, seq);
                out.putLong(number).put((byte) (same ? 1 : 0));
                putText(out, detail);
                end(out, start);
            }
        }
    }

    private static void encodePart(
            ByteBuffer out, int type, long epoch, Seq seq, byte[] bytes, boolean last) {
        int start = begin(out, type, epoch, seq);
        out.put((byte) (last ? 1 : 0)).put(bytes);
        end(out, start);
    }

    /**
     * The length of a frame, from its first four bytes: how many bytes follow them.
     *
     * @throws ProtocolException before anything is allocated for it
     */
    public static int bodyLength(int prefix) throws ProtocolException {
        if (prefix < HEADER_BYTES - 4 || prefix > FRAME_BYTES_MAX - 4) {
            throw new ProtocolException("frame of %d bytes".formatted(prefix & 0xffff_ffffL));
        }
        return prefix;
    }

    /** Reads a frame whose length was read already; {@code in} holds exactly the rest. */
    public static Envelope decode(ByteBuffer in) throws ProtocolException {
        try {
            int type = in.getShort() & 0xffff;
            if (in.getShort() != 0) {
                throw new ProtocolException("type " + type + ": reserved bytes are not 0");
            }
            long epoch = nonNegative(in, "epoch");
            var seq = seq(in);
            var frame = decodeBody(type, in);
            if (in.hasRemaining()) {
                throw new ProtocolException(
                        "type " + type + ": " + in.remaining() + " bytes too many");
            }
            return new Envelope(epoch, seq, frame);
        } catch (BufferUnderflowException e) {
            throw new ProtocolException("a frame is shorter than its type needs");
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("a frame's content is impossible: " + e.getMessage());
        }
    }

    private static Frame decodeBody(int type, ByteBuffer in) throws ProtocolException {
        return switch (type) {
            case 1 ->
                    new StandingIs(new ClusterName(name(in, ClusterName.BYTES_MAX)), standing(in));
            case 2 -> new ClusterMessage(rest(in, ClusterMessage.BYTES_MAX));
            case 3 -> new Alive(root(in));
            case 4 -> new ReplayBegins(lineage(in));
            case 5 -> new Live();
            case 6 -> new InSync(flag(in));
            case 7 ->
                    new OperationIs(request(in), root(in), nonNegative(in, "epoch"), operation(in));
            case 8 -> new Flush(seq(in));
            case 9 -> new Durable(root(in));
            case 10 -> new Rejected(text(in));
            case 11 -> new CompareBegins(text(in), flag(in), root(in));
            case 12 -> {
                boolean last = flag(in);
                yield new ManifestPart(rest(in, CHUNK_BYTES_MAX), last);
            }
            case 13 -> {
                var wanted =
                        new ChunksWanted(
                                nonNegative(in, "file"), nonNegative(in, "offset"), in.getInt());
                if (wanted.lengthBytes() < 0 || wanted.lengthBytes() > CHUNK_BYTES_MAX) {
                    throw new ProtocolException("chunk of " + wanted.lengthBytes() + " bytes");
                }
                yield wanted;
            }
            case 14 ->
                    new Chunk(
                            nonNegative(in, "file"),
                            nonNegative(in, "offset"),
                            rest(in, CHUNK_BYTES_MAX));
            case 15 -> new CatchUp(request(in), root(in), nonNegative(in, "epoch"), operation(in));
            case 16 -> new CompareEnds(root(in), lineage(in));
            case 17 -> {
                var piece =
                        new VerifyPiece(
                                nonNegative(in, "number"),
                                nonNegative(in, "file"),
                                nonNegative(in, "offset"),
                                in.getInt(),
                                rest(in, 64));
                if (piece.lengthBytes() < 0 || piece.lengthBytes() > VERIFY_BYTES_MAX) {
                    throw new ProtocolException("piece of " + piece.lengthBytes() + " bytes");
                }
                yield piece;
            }
            case 18 -> new VerifyAnswer(nonNegative(in, "number"), flag(in), text(in));
            case 19 -> {
                var hashes =
                        new ChunkHashes(
                                nonNegative(in, "file"),
                                nonNegative(in, "offset"),
                                rest(in, ChunkHashes.HASHES_MAX * ChunkHashes.HASH_BYTES));
                if (hashes.hashes().length % ChunkHashes.HASH_BYTES != 0) {
                    throw new ProtocolException(hashes.hashes().length + " bytes of hashes");
                }
                yield hashes;
            }
            case 20 -> new SharedPoint(root(in));
            case 21 -> {
                boolean last = flag(in);
                yield new ChangedHere(rest(in, CHUNK_BYTES_MAX), last);
            }
            case 22 -> {
                boolean last = flag(in);
                yield new ResyncSet(rest(in, CHUNK_BYTES_MAX), last);
            }
            default -> throw new ProtocolException("unknown frame type " + type);
        };
    }

    // ---- pieces ----

    private static int begin(ByteBuffer out, int type, long epoch, Seq seq) {
        int start = out.position();
        out.putInt(0).putShort((short) type).putShort((short) 0);
        out.putLong(epoch).putLong(seq.value());
        return start;
    }

    private static void end(ByteBuffer out, int start) {
        out.putInt(start, out.position() - start - 4);
    }

    private static void putRoot(ByteBuffer out, Root root) {
        out.putLong(root.high()).putLong(root.low());
    }

    private static Root root(ByteBuffer in) {
        return new Root(in.getLong(), in.getLong());
    }

    private static RequestId request(ByteBuffer in) {
        return new RequestId(in.getLong(), in.getLong());
    }

    private static void putStanding(ByteBuffer out, Standing standing) {
        putName(out, standing.node().value());
        out.putLong(standing.device().high()).putLong(standing.device().low());
        out.put((byte) (standing.role() == Role.PRIMARY ? 1 : 0));
        out.putLong(standing.promisedEpoch());
        putLineage(out, standing.lineage());
        out.putLong(standing.last().value()).putLong(standing.committed().value());
        putRoot(out, standing.root());
        out.putLong(standing.acknowledgedAlone().map(Seq::value).orElse(0L));
    }

    private static Standing standing(ByteBuffer in) throws ProtocolException {
        var node = new NodeName(name(in, NodeName.BYTES_MAX));
        var device = new DeviceId(in.getLong(), in.getLong());
        int role = in.get();
        if (role != 0 && role != 1) {
            throw new ProtocolException("role " + role);
        }
        long promised = nonNegative(in, "epoch");
        var lineage = lineage(in);
        var last = seq(in);
        var committed = seq(in);
        var root = root(in);
        var alone = seq(in);
        return new Standing(
                node,
                device,
                role == 0 ? Role.SECONDARY : Role.PRIMARY,
                promised,
                lineage,
                last,
                committed,
                root,
                alone.equals(Seq.NONE) ? Optional.empty() : Optional.of(alone));
    }

    private static void putLineage(ByteBuffer out, Lineage lineage) {
        out.putShort((short) lineage.entries().size());
        for (var entry : lineage.entries()) {
            out.putLong(entry.epoch()).putLong(entry.start().value());
            out.putLong(entry.writer().high()).putLong(entry.writer().low());
        }
    }

    private static Lineage lineage(ByteBuffer in) throws ProtocolException {
        int count = in.getShort() & 0xffff;
        if (count > Lineage.ENTRIES_MAX) {
            throw new ProtocolException("lineage of " + count + " entries");
        }
        var entries = new ArrayList<Lineage.Entry>(count);
        for (int i = 0; i < count; i++) {
            entries.add(
                    new Lineage.Entry(
                            nonNegative(in, "epoch"),
                            seq(in),
                            new DeviceId(in.getLong(), in.getLong())));
        }
        return new Lineage(entries);
    }

    private static Seq seq(ByteBuffer in) throws ProtocolException {
        return new Seq(nonNegative(in, "sequence"));
    }

    private static long nonNegative(ByteBuffer in, String what) throws ProtocolException {
        long value = in.getLong();
        if (value < 0) {
            throw new ProtocolException("negative " + what);
        }
        return value;
    }

    private static boolean flag(ByteBuffer in) throws ProtocolException {
        int value = in.get();
        if (value != 0 && value != 1) {
            throw new ProtocolException("flag " + value);
        }
        return value == 1;
    }

    private static byte[] operation(ByteBuffer in) throws ProtocolException {
        return rest(in, OperationCodec.MAX_ENCODED_BYTES);
    }

    private static byte[] rest(ByteBuffer in, int max) throws ProtocolException {
        if (in.remaining() > max) {
            throw new ProtocolException(in.remaining() + " bytes, at most " + max);
        }
        var bytes = new byte[in.remaining()];
        in.get(bytes);
        return bytes;
    }

    private static void putName(ByteBuffer out, String name) {
        var bytes = name.getBytes(StandardCharsets.UTF_8);
        out.put((byte) bytes.length).put(bytes);
    }

    private static String name(ByteBuffer in, int max) throws ProtocolException {
        int length = in.get() & 0xff;
        if (length > max) {
            throw new ProtocolException("name of " + length + " bytes");
        }
        return utf8(in, length);
    }

    /** Appends a text, shortened if need be: it is for people. */
    private static void putText(ByteBuffer out, String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = bytes.length;
        if (length > TEXT_BYTES_MAX) {
            length = TEXT_BYTES_MAX;
            while ((bytes[length] & 0xc0) == 0x80) {
                length--;
            }
        }
        out.putShort((short) length).put(bytes, 0, length);
    }

    private static String text(ByteBuffer in) throws ProtocolException {
        int length = in.getShort() & 0xffff;
        if (length > TEXT_BYTES_MAX) {
            throw new ProtocolException("text of " + length + " bytes");
        }
        return utf8(in, length);
    }

    private static String utf8(ByteBuffer in, int length) throws ProtocolException {
        var bytes = new byte[length];
        in.get(bytes);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException("a text that is not UTF-8");
        }
    }
}
