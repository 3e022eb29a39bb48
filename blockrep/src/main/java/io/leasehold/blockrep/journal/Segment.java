package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The layout of one segment file. Integers are big-endian.
 *
 * <pre>
 *  header block, 4096 bytes                       record, at a multiple of 8
 *   0  magic "LSHPSEG1"          u64               0  CRC-32C                      u32
 *   8  CRC-32C of 16 to 88       u32               4  length of the operation      u32
 *  12  0                         u32               8  seq                          u64
 *  16  use                       u64              16  epoch                        u64
 *  24  first seq                 u64              24  request: mount incarnation   u64
 *  32  root before it            u64 u64          32  request: unique              u64
 *  48  durable seq               u64              40  durable seq                  u64
 *  56  device id                 u64 u64          48  root after the operation     u64 u64
 *  72  epoch before it           u64              64  operation, then zeros up to a multiple of 8
 *  80  incarnation               u64
 *  88  zeros
 * </pre>
 *
 * <p><b>Use</b>: segments are numbered in the order in which they are begun; number n is in file n
 * modulo the ring's size. A record's CRC starts with the segment's seal, so that a record of the
 * ring's earlier round is never taken for one of this round.
 *
 * <p><b>Durable seq</b>: everything up to there had been synced when the record was written. This
 * is what tells a torn tail from damage. Behind a crash any subset of what was not synced may be
 * missing, so a valid record behind a bad one proves nothing; but if one that lies behind says that
 * the bad one had been durable, then that was damaged afterwards.
 *
 * <p>A record never crosses the end of its segment. What follows the last record is not defined.
 */
final class Segment {
    static final int HEADER_BYTES = 4096;
    static final int RECORD_HEADER_BYTES = 64;

    /** Where a record says its number. */
    static final int SEQ_BYTES = 8;

    /** Where a record says what was durable when it was written. */
    static final int DURABLE_BYTES = 40;

    static final int ALIGNMENT = 8;
    private static final long MAGIC = 0x4c534850_53454731L;
    private static final int HEADER_USED_BYTES = 88;

    private Segment() {}

    /** What a segment's first block says. */
    record Header(
            Seal seal, Seq first, Root rootBefore, Seq durable, DeviceId device, long epochBefore) {

        long use() {
            return seal.use;
        }
    }

    /**
     * What the checksums of a segment's records begin with.
     *
     * @param use the segment's number
     * @param incarnation of the journal that began it
     */
    record Seal(long use, long incarnation) {}

    /** A record and what its header says besides. */
    record Parsed(JournalRecord record, Seq durable, int bytes) {}

    static int recordBytes(int operationBytes) {
        return (RECORD_HEADER_BYTES + operationBytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    static int recordBytesMax() {
        return recordBytes(OperationCodec.MAX_ENCODED_BYTES);
    }

    /** Writes it to {@code block}, which is all zeros and then holds nothing else. */
    static ByteBuffer encode(ByteBuffer block, Header header) {
        block.putLong(MAGIC).putLong(0);
        block.putLong(header.seal.use).putLong(header.first.value());
        block.putLong(header.rootBefore.high()).putLong(header.rootBefore.low());
        block.putLong(header.durable.value());
        block.putLong(header.device.high()).putLong(header.device.low());
        block.putLong(header.epochBefore).putLong(header.seal.incarnation);
        block.clear();
        block.putInt(8, headerChecksum(block));
        return block;
    }

    /** Empty if the block is no valid header: never written, torn, or damaged. */
    static Optional<Header> decodeHeader(ByteBuffer block) {
        if (block.getLong(0) != MAGIC || block.getInt(8) != headerChecksum(block)) {
            return Optional.empty();
        }
        var in = block.duplicate().position(16);
        long use = in.getLong();
        var first = new Seq(in.getLong());
        var rootBefore = new Root(in.getLong(), in.getLong());
        var durable = new Seq(in.getLong());
        var device = new DeviceId(in.getLong(), in.getLong());
        long epochBefore = in.getLong();
        var seal = new Seal(use, in.getLong());
        return Optional.of(new Header(seal, first, rootBefore, durable, device, epochBefore));
    }

    private static int headerChecksum(ByteBuffer block) {
        var crc = new CRC32C();
        crc.update(block.duplicate().position(16).limit(HEADER_USED_BYTES));
        return (int) crc.getValue();
    }

    /** Writes a record at the buffer's start; position and limit then enclose it. */
    static void encode(
            ByteBuffer out,
            Seal seal,
            Seq seq,
            long epoch,
            RequestId request,
            Seq durable,
            Root root,
            ByteBuffer operation) {
        int length = operation.remaining();
        int bytes = recordBytes(length);
        out.clear().limit(bytes);
        out.putInt(0).putInt(length).putLong(seq.value()).putLong(epoch);
        out.putLong(request.mountIncarnation()).putLong(request.unique());
        out.putLong(durable.value()).putLong(root.high()).putLong(root.low());
        out.put(operation.duplicate());
        while (out.hasRemaining()) {
            out.put((byte) 0);
        }
        out.flip();
        out.putInt(0, recordChecksum(out, 0, bytes, seal));
    }

    /**
     * The record that begins at {@code at}, if there is one of this use: its checksum is right.
     * Says nothing about its place in the order.
     *
     * @param buffer a part of the segment; a record that reaches beyond its limit is none
     */
    static Optional<Parsed> parse(ByteBuffer buffer, int at, Seal seal) {
        if (buffer.limit() - at < RECORD_HEADER_BYTES) {
            return Optional.empty();
        }
        int length = buffer.getInt(at + 4);
        if (length <= 0
                || length > OperationCodec.MAX_ENCODED_BYTES
                || recordBytes(length) > buffer.limit() - at) {
            return Optional.empty();
        }
        int bytes = recordBytes(length);
        if (buffer.getInt(at) != recordChecksum(buffer, at, bytes, seal)) {
            return Optional.empty();
        }
        var in = buffer.duplicate().position(at + 8);
        var seq = new Seq(in.getLong());
        long epoch = in.getLong();
        var request = new RequestId(in.getLong(), in.getLong());
        var durable = new Seq(in.getLong());
        var root = new Root(in.getLong(), in.getLong());
        var operation = new byte[length];
        in.get(operation);
        return Optional.of(
                new Parsed(
                        new JournalRecord(seq, epoch, request, root, operation), durable, bytes));
    }

    private static int recordChecksum(ByteBuffer buffer, int at, int bytes, Seal seal) {
        var crc = new CRC32C();
        // The seal stands for 16 bytes before the record: it costs nothing to store.
        for (int shift = 56; shift >= 0; shift -= 8) {
            crc.update((int) (seal.use >>> shift));
            crc.update((int) (seal.incarnation >>> shift));
        }
        crc.update(buffer.duplicate().position(at + 4).limit(at + bytes));
        return (int) crc.getValue();
    }
}
