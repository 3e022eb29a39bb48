package io.leasehold.heartbeat.history;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * An entry as bytes.
 *
 * <pre>
 *   4 bytes  magic "LHFR"
 *   4 bytes  length of the body
 *   4 bytes  CRC-32C of the body
 *   body:    version (1), sequence (8), wall time: seconds (8) and nanoseconds (4), monotonic time (8),
 *            node, kind, rule, count of causes (2) and each, text, count of durations (2) and each: name, nanoseconds (8)
 * </pre>
 *
 * <p>Integers are big-endian, texts as {@link DataOutputStream#writeUTF} writes them. The magic
 * lets a reader find the next entry behind damage.
 */
final class EntryCodec {
    static final int MAGIC = 0x4c48_4652;
    static final int HEADER_BYTES = 12;
    static final int BODY_BYTES_MAX = 64 << 10;

    private static final int VERSION = 1;
    private static final int TEXT_CHARACTERS_MAX = 4_096;
    private static final int LIST_MAX = 32;
    private static final int NANOS_PER_SECOND = 1_000_000_000;

    private EntryCodec() {}

    /** The entry's bytes; what is longer than anybody would read is cut. */
    static byte[] encode(HistoryEntry entry) {
        var bytes = new ByteArrayOutputStream(512);
        try {
            var out = new DataOutputStream(bytes);
            out.write(new byte[HEADER_BYTES]);
            out.writeByte(VERSION);
            out.writeLong(entry.sequence());
            var wallTime = entry.wallTime();
            out.writeLong(wallTime.getEpochSecond());
            out.writeInt(wallTime.getNano());
            out.writeLong(entry.monotonicNanos());
            var observation = entry.observation();
            writeText(out, entry.node());
            writeText(out, observation.kind());
            writeText(out, observation.rule());
            var causes = observation.causes().stream().limit(LIST_MAX).toList();
            out.writeShort(causes.size());
            for (var cause : causes) {
                writeText(out, cause);
            }
            writeText(out, observation.text());
            var durations = observation.durations().entrySet().stream().limit(LIST_MAX).toList();
            out.writeShort(durations.size());
            for (var duration : durations) {
                writeText(out, duration.getKey());
                out.writeLong(duration.getValue().toNanos());
            }
        } catch (IOException e) {
            throw new IllegalStateException("writing to memory", e);
        }
        byte[] whole = bytes.toByteArray();
        if (whole.length > HEADER_BYTES + BODY_BYTES_MAX) {
            return encode(withTextOnly(entry));
        }
        ByteBuffer.wrap(whole)
                .putInt(MAGIC)
                .putInt(whole.length - HEADER_BYTES)
                .putInt(checksum(whole, HEADER_BYTES, whole.length - HEADER_BYTES));
        return whole;
    }

    /** Dozens of causes of thousands of characters each: the sentence must do. */
    private static HistoryEntry withTextOnly(HistoryEntry entry) {
        var observation = entry.observation();
        return new HistoryEntry(
                entry.sequence(),
                entry.wallTime(),
                entry.monotonicNanos(),
                entry.node(),
                new Observation(
                        observation.kind(),
                        observation.rule(),
                        List.of(),
                        observation.text(),
                        Map.of()));
    }

    /** The length of the whole entry that begins there, or empty if none does. */
    static Optional<Integer> lengthAt(ByteBuffer bytes, int offset) {
        if (offset + HEADER_BYTES > bytes.limit() || bytes.getInt(offset) != MAGIC) {
            return Optional.empty();
        }
        int length = bytes.getInt(offset + 4);
        return length < 1 || length > BODY_BYTES_MAX
                ? Optional.empty()
                : Optional.of(HEADER_BYTES + length);
    }

    /**
     * The entry that begins there and is whole, or empty if its checksum is wrong or it is not
     * whole.
     */
    static Optional<HistoryEntry> decode(ByteBuffer bytes, int offset) {
        var length = lengthAt(bytes, offset);
        if (length.isEmpty() || offset + length.get() > bytes.limit()) {
            return Optional.empty();
        }
        int bodyBytes = length.get() - HEADER_BYTES;
        int body = bytes.arrayOffset() + offset + HEADER_BYTES;
        if (bytes.getInt(offset + 8) != checksum(bytes.array(), body, bodyBytes)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    read(
                            new DataInputStream(
                                    new ByteArrayInputStream(bytes.array(), body, bodyBytes))));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static HistoryEntry read(DataInputStream in) throws IOException {
        int version = in.readUnsignedByte();
        if (version != VERSION) {
            throw new IOException("version " + version);
        }
        long sequence = in.readLong();
        long seconds = in.readLong();
        int nanos = in.readInt();
        if (nanos < 0 || nanos >= NANOS_PER_SECOND) {
            throw new IOException("nanoseconds " + nanos);
        }
        long monotonicNanos = in.readLong();
        String node = in.readUTF();
        String kind = in.readUTF();
        String rule = in.readUTF();
        var causes = new ArrayList<String>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            causes.add(in.readUTF());
        }
        String text = in.readUTF();
        var durations = new LinkedHashMap<String, Duration>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            durations.put(in.readUTF(), Duration.ofNanos(in.readLong()));
        }
        return new HistoryEntry(
                sequence,
                Instant.ofEpochSecond(seconds, nanos),
                monotonicNanos,
                node,
                new Observation(kind, rule, causes, text, durations));
    }

    private static void writeText(DataOutputStream out, String text) throws IOException {
        out.writeUTF(
                text.length() <= TEXT_CHARACTERS_MAX
                        ? text
                        : text.substring(0, TEXT_CHARACTERS_MAX - 1) + "…");
    }

    private static int checksum(byte[] bytes, int offset, int length) {
        var crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
