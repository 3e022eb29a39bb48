package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Place;
import java.util.List;
import java.util.Optional;

/**
 * A statement of a dhcpd.conf: its words, and the statements in its braces if it has any.
 *
 * @param words at least one; without the final semicolon and braces
 * @param from offset of its first byte in its file
 * @param to offset behind its semicolon or closing brace
 */
record Statement(
        List<Token> words, Optional<List<Statement>> block, Place place, int from, int to) {
    Statement {
        words = List.copyOf(words);
        block = block.map(List::copyOf);
        if (words.isEmpty()) {
            throw new IllegalArgumentException("a statement without a word");
        }
    }

    /** Whether it begins with these words, in whatever case. */
    boolean begins(String... expected) {
        if (words.size() < expected.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (!words.get(i).is(expected[i])) {
                return false;
            }
        }
        return true;
    }

    /** The word or string at that place; empty text if there is none. */
    String word(int index) {
        return index < words.size() ? words.get(index).text() : "";
    }

    Optional<Ipv4Address> address(int index) {
        return Ipv4Address.parse(word(index));
    }

    List<Statement> inside() {
        return block.orElse(List.of());
    }
}
