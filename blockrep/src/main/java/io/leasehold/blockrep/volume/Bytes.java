package io.leasehold.blockrep.volume;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** An immutable string of bytes. Equal when the bytes are equal; ordered as unsigned bytes. */
public final class Bytes implements Comparable<Bytes> {

    public static final Bytes EMPTY = new Bytes(new byte[0]);

    private final byte[] bytes;

    private Bytes(byte[] bytes) {
        this.bytes = bytes;
    }

    public static Bytes copyOf(byte[] bytes) {
        return bytes.length == 0 ? EMPTY : new Bytes(bytes.clone());
    }

    /** Copies {@code lengthBytes} bytes from native memory. */
    public static Bytes copyOf(MemorySegment memory, long offsetBytes, int lengthBytes) {
        if (lengthBytes == 0) {
            return EMPTY;
        }
        var bytes = new byte[lengthBytes];
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offsetBytes, bytes, 0, lengthBytes);
        return new Bytes(bytes);
    }

    /** Takes {@code lengthBytes} bytes out of {@code buffer}, whose position moves behind them. */
    public static Bytes take(ByteBuffer buffer, int lengthBytes) {
        var bytes = new byte[lengthBytes];
        buffer.get(bytes);
        return new Bytes(bytes);
    }

    public int lengthBytes() {
        return bytes.length;
    }

    public byte at(int index) {
        return bytes[index];
    }

    public byte[] toArray() {
        return bytes.clone();
    }

    /** The bytes themselves: never to be changed, never to leave the package. */
    byte[] unsafeArray() {
        return bytes;
    }

    /** Appends the bytes to {@code buffer}, whose position moves behind them. */
    public void putInto(ByteBuffer buffer) {
        buffer.put(bytes);
    }

    /** Copies the bytes to native memory. */
    public void copyTo(MemorySegment memory, long offsetBytes) {
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, offsetBytes, bytes.length);
    }

    /** A view for reading that needs no copy. */
    public ByteBuffer asReadOnlyBuffer() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    @Override
    public int compareTo(Bytes other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** For people: printable ASCII as it is, the rest as {@code \xNN}; at most 64 bytes of it. */
    @Override
    public String toString() {
        var text = new StringBuilder();
        int shown = Math.min(bytes.length, 64);
        for (int i = 0; i < shown; i++) {
            byte b = bytes[i];
            if (b >= 0x20 && b < 0x7f && b != '\\') {
                text.append((char) b);
            } else {
                text.append("\\x%02x".formatted(b & 0xff));
            }
        }
        return shown == bytes.length
                ? text.toString()
                : text.append("… (").append(bytes.length).append(" bytes)").toString();
    }
}
