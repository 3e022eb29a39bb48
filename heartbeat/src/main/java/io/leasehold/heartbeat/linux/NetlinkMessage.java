package io.leasehold.heartbeat.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One message received from the kernel.
 *
 * @param type of the message
 * @param sequence of the request that it answers, 0 for an event
 * @param payload what follows the header, in the machine's byte order
 */
public record NetlinkMessage(int type, int sequence, ByteBuffer payload) {
    static final int HEADER_BYTES = 16;
    static final int TYPE_ERROR = 2;
    static final int TYPE_DONE = 3;

    private static final int TYPE_MASK = 0x3fff;

    /** All whole messages in the buffer. */
    static List<NetlinkMessage> parse(ByteBuffer received) {
        var messages = new ArrayList<NetlinkMessage>();
        var buffer = received.duplicate().order(ByteOrder.nativeOrder());
        while (buffer.remaining() >= HEADER_BYTES) {
            int start = buffer.position();
            int length = buffer.getInt(start);
            if (length < HEADER_BYTES || length > buffer.remaining()) {
                break;
            }
            messages.add(
                    new NetlinkMessage(
                            buffer.getShort(start + 4) & 0xffff,
                            buffer.getInt(start + 8),
                            buffer.slice(start + HEADER_BYTES, length - HEADER_BYTES)
                                    .order(ByteOrder.nativeOrder())));
            buffer.position(Math.min(start + ((length + 3) & ~3), buffer.limit()));
        }
        return messages;
    }

    /**
     * The value of the first attribute of that type behind {@code fixedBytes} bytes of fixed
     * fields.
     */
    public Optional<byte[]> attribute(int fixedBytes, int attributeType) {
        int at = fixedBytes;
        while (at + 4 <= payload.limit()) {
            int length = payload.getShort(at) & 0xffff;
            if (length < 4 || at + length > payload.limit()) {
                return Optional.empty();
            }
            if ((payload.getShort(at + 2) & TYPE_MASK) == attributeType) {
                var value = new byte[length - 4];
                payload.get(at + 4, value);
                return Optional.of(value);
            }
            at += (length + 3) & ~3;
        }
        return Optional.empty();
    }

    /** The same as text, without the terminating zero. */
    public Optional<String> textAttribute(int fixedBytes, int attributeType) {
        return attribute(fixedBytes, attributeType)
                .map(bytes -> new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8));
    }
}
