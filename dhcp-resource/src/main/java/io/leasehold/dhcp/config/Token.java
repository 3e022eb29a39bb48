package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Place;

/**
 * A token of a dhcpd.conf.
 *
 * @param text for a string what is between the quotes, escapes resolved; one char per byte
 * @param from offset of its first byte in its file
 * @param to offset behind its last byte
 */
record Token(Kind kind, String text, Place place, int from, int to) {
    enum Kind {
        WORD,
        STRING,
        OPEN,
        CLOSE,
        SEMICOLON,
        /** One of {@code , = ( ) }. */
        SIGN
    }

    boolean is(String word) {
        return kind == Kind.WORD && text.equalsIgnoreCase(word);
    }
}
