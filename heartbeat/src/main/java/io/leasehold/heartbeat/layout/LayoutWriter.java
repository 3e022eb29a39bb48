package io.leasehold.heartbeat.layout;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Writes one message or file. What does not fit into the limit is an error of ours.
 *
 * <pre>
 *   flag      1 byte, 0 or 1
 *   choice    1 byte, position of the enum constant: constants are appended, never moved
 *   count     2 bytes, unsigned
 *   number    8 bytes
 *   text      count, then so many bytes of UTF-8
 *   optional  flag, then the value if 1
 * </pre>
 */
public final class LayoutWriter {
    /** Most messages and states are no longer. */
    private static final int USUAL_BYTES = 512;

    private final int limitBytes;
    private ByteBuffer buffer;

    public LayoutWriter(int limitBytes) {
        this.limitBytes = limitBytes;
        buffer = ByteBuffer.allocate(Math.min(limitBytes, USUAL_BYTES));
    }

    /** The buffer, with room for so many bytes unless that is beyond the limit. */
    private ByteBuffer with(int bytes) {
        if (buffer.remaining() < bytes && buffer.capacity() < limitBytes) {
            var larger = Math.max(2 * buffer.capacity(), buffer.position() + bytes);
            buffer = ByteBuffer.allocate(Math.min(limitBytes, larger)).put(buffer.flip());
        }
        return buffer;
    }

    public LayoutWriter octet(int value) {
        if (value < 0 || value > 0xFF) {
            throw new IllegalArgumentException("octet " + value);
        }
        with(Byte.BYTES).put((byte) value);
        return this;
    }

    public LayoutWriter flag(boolean value) {
        with(Byte.BYTES).put((byte) (value ? 1 : 0));
        return this;
    }

    // Positions are the format here: tests freeze the bytes, so that a moved constant fails.
    @SuppressWarnings("EnumOrdinal")
    public LayoutWriter choice(Enum<?> value) {
        return octet(value.ordinal());
    }

    public LayoutWriter count(int value) {
        if (value < 0 || value > 0xFFFF) {
            throw new IllegalArgumentException("count " + value);
        }
        with(Short.BYTES).putShort((short) value);
        return this;
    }

    public LayoutWriter number(long value) {
        with(Long.BYTES).putLong(value);
        return this;
    }

    public LayoutWriter text(String value) {
        var bytes = value.getBytes(StandardCharsets.UTF_8);
        count(bytes.length);
        with(bytes.length).put(bytes);
        return this;
    }

    public LayoutWriter optionalText(Optional<String> value) {
        flag(value.isPresent());
        value.ifPresent(this::text);
        return this;
    }

    public LayoutWriter optionalNumber(OptionalLong value) {
        flag(value.isPresent());
        value.ifPresent(this::number);
        return this;
    }

    public byte[] toBytes() {
        var bytes = new byte[buffer.position()];
        buffer.get(0, bytes);
        return bytes;
    }
}
