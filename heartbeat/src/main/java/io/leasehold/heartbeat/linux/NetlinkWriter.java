package io.leasehold.heartbeat.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Builds netlink messages one after the other: {@link #begin}, fixed fields, attributes, {@link
 * #end}. Integers are in the machine's byte order unless the method says otherwise.
 */
public final class NetlinkWriter {
    public static final int REQUEST = 0x1;
    public static final int ACK = 0x4;
    public static final int REPLACE = 0x100;
    public static final int DUMP = 0x300;
    public static final int CREATE = 0x400;
    public static final int APPEND = 0x800;

    private static final int NESTED = 0x8000;
    private static final int LENGTH_BYTES = 4;

    private final ByteBuffer buffer;
    private int start;
    private int sequence;
    private int acknowledgedSequence;

    public NetlinkWriter(int bytesMax) {
        buffer = ByteBuffer.allocate(bytesMax).order(ByteOrder.nativeOrder());
    }

    /** Forgets everything written; sequence numbers go on. */
    public NetlinkWriter reset() {
        buffer.clear();
        return this;
    }

    public NetlinkWriter begin(int type, int flags) {
        start = buffer.position();
        sequence++;
        if ((flags & ACK) != 0) {
            acknowledgedSequence = sequence;
        }
        buffer.putInt(0).putShort((short) type).putShort((short) flags).putInt(sequence).putInt(0);
        return this;
    }

    public NetlinkWriter end() {
        buffer.putInt(start, buffer.position() - start);
        return this;
    }

    public NetlinkWriter put8(int value) {
        buffer.put((byte) value);
        return this;
    }

    public NetlinkWriter put16(int value) {
        buffer.putShort((short) value);
        return this;
    }

    public NetlinkWriter put16BigEndian(int value) {
        buffer.put((byte) (value >> 8)).put((byte) value);
        return this;
    }

    public NetlinkWriter put32(int value) {
        buffer.putInt(value);
        return this;
    }

    public NetlinkWriter attribute(int type, byte[] value) {
        buffer.putShort((short) (LENGTH_BYTES + value.length)).putShort((short) type).put(value);
        while (buffer.position() % 4 != 0) {
            buffer.put((byte) 0);
        }
        return this;
    }

    public NetlinkWriter attribute(int type, String value) {
        return attribute(type, (value + '\0').getBytes(StandardCharsets.UTF_8));
    }

    public NetlinkWriter attribute32(int type, int value) {
        buffer.putShort((short) 8).putShort((short) type).putInt(value);
        return this;
    }

    public NetlinkWriter attribute32BigEndian(int type, int value) {
        return attribute(type, ByteBuffer.allocate(4).putInt(value).array());
    }

    public NetlinkWriter attribute64BigEndian(int type, long value) {
        return attribute(type, ByteBuffer.allocate(8).putLong(value).array());
    }

    /** An attribute that consists of attributes. */
    public NetlinkWriter nest(int type, Runnable content) {
        int at = buffer.position();
        buffer.putShort((short) 0).putShort((short) (type | NESTED));
        content.run();
        buffer.putShort(at, (short) (buffer.position() - at));
        return this;
    }

    /** The number of the message begun last. */
    int sequence() {
        return sequence;
    }

    /** The number of the last message that asks for an acknowledgement. */
    int acknowledgedSequence() {
        return acknowledgedSequence;
    }

    ByteBuffer written() {
        return buffer.duplicate().flip();
    }
}
