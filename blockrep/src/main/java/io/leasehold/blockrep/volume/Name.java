package io.leasehold.blockrep.volume;

import java.nio.charset.StandardCharsets;

/**
 * One component of a path. Bytes, not characters: Linux gives names no encoding.
 *
 * @param bytes 1 to {@link #MAX_BYTES} bytes without {@code /} and NUL; neither {@code .} nor
 *     {@code ..}
 */
public record Name(Bytes bytes) implements Comparable<Name> {

    /** NAME_MAX of Linux. */
    public static final int MAX_BYTES = 255;

    public Name {
        if (!isValid(bytes)) {
            throw new IllegalArgumentException("not a file name: \"" + bytes + "\"");
        }
    }

    /** A name written in the source code, in UTF-8. */
    public static Name of(String text) {
        return new Name(Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8)));
    }

    public static boolean isValid(Bytes bytes) {
        int length = bytes.lengthBytes();
        if (length < 1 || length > MAX_BYTES) {
            return false;
        }
        if (bytes.at(0) == '.' && (length == 1 || (length == 2 && bytes.at(1) == '.'))) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (bytes.at(i) == '/' || bytes.at(i) == 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int compareTo(Name other) {
        return bytes.compareTo(other.bytes);
    }

    @Override
    public String toString() {
        return bytes.toString();
    }
}
