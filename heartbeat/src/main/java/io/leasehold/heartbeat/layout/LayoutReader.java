package io.leasehold.heartbeat.layout;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads what {@link LayoutWriter} wrote; every bound is checked before anything is allocated. */
public final class LayoutReader {
    private final ByteBuffer buffer;

    public LayoutReader(byte[] bytes) {
        buffer = ByteBuffer.wrap(bytes);
    }

    public int octet() throws LayoutException {
        need(1, "an octet");
        return buffer.get() & 0xFF;
    }

    public boolean flag() throws LayoutException {
        var at = buffer.position();
        var value = octet();
        if (value > 1) {
            throw new LayoutException(at, "0 or 1", Integer.toString(value));
        }
        return value == 1;
    }

    public <E extends Enum<E>> E choice(Class<E> type) throws LayoutException {
        var at = buffer.position();
        var value = octet();
        var constants = type.getEnumConstants();
        if (value >= constants.length) {
            throw new LayoutException(
                    at, type.getSimpleName() + " below " + constants.length, "" + value);
        }
        return constants[value];
    }

    public int count(int max) throws LayoutException {
        var at = buffer.position();
        need(2, "a count");
        var value = buffer.getShort() & 0xFFFF;
        if (value > max) {
            throw new LayoutException(at, "a count of at most " + max, Integer.toString(value));
        }
        return value;
    }

    public long number() throws LayoutException {
        need(8, "a number");
        return buffer.getLong();
    }

    /** A number that must not be negative. */
    public long quantity() throws LayoutException {
        var at = buffer.position();
        var value = number();
        if (value < 0) {
            throw new LayoutException(at, "a number of at least 0", Long.toString(value));
        }
        return value;
    }

    public String text(int maxBytes) throws LayoutException {
        var length = count(maxBytes);
        need(length, "a text of " + length + " bytes");
        var at = buffer.position();
        var slice = buffer.slice(at, length);
        buffer.position(at + length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(slice).toString();
        } catch (CharacterCodingException _) {
            throw new LayoutException(at, "UTF-8", "other bytes");
        }
    }

    public Optional<String> optionalText(int maxBytes) throws LayoutException {
        return flag() ? Optional.of(text(maxBytes)) : Optional.empty();
    }

    public OptionalLong optionalNumber() throws LayoutException {
        return flag() ? OptionalLong.of(number()) : OptionalLong.empty();
    }

    /** Where the next value starts; for errors about a value's meaning. */
    public int offsetBytes() {
        return buffer.position();
    }

    /** Builds a value whose constructor may refuse what was read. */
    public <T> T checked(String expected, Constructor<T> constructor) throws LayoutException {
        var at = buffer.position();
        try {
            return constructor.construct();
        } catch (IllegalArgumentException | IllegalStateException refused) {
            throw new LayoutException(at, expected, String.valueOf(refused.getMessage()));
        }
    }

    public void end() throws LayoutException {
        if (buffer.hasRemaining()) {
            throw new LayoutException(
                    buffer.position(), "the end", buffer.remaining() + " more bytes");
        }
    }

    private void need(int bytes, String what) throws LayoutException {
        if (buffer.remaining() < bytes) {
            throw new LayoutException(
                    buffer.position(), what, "only " + buffer.remaining() + " bytes");
        }
    }

    /** Reads fields and puts them together. */
    public interface Constructor<T> {
        T construct() throws LayoutException;
    }
}
