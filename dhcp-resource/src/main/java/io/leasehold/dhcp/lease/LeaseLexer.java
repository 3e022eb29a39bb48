package io.leasehold.dhcp.lease;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Cuts a lease file into tokens. It works on bytes, keeps one token, and never more than {@link
 * #TOKEN_BYTES_MAX} of it, whatever the file holds.
 *
 * <p>Differs from dhcpd's lexer (common/conflex.c) in two ways, both in order to find the end of
 * damage: a string does not continue over a line end (dhcpd writes {@code \012} there), and a run
 * of NUL bytes, which file systems leave after a power loss, is a token of its own.
 */
final class LeaseLexer {

    /** Longer ones are cut. dhcpd itself refuses more than 1500 (CVE-2021-25217 lies there). */
    static final int TOKEN_BYTES_MAX = 16 * 1024;

    private static final int BUFFER_BYTES = 64 * 1024;

    enum Kind {
        /** A bare word: keyword, number, address, date, hexadecimal bytes. */
        WORD,
        /** Between quotes, escapes resolved. */
        STRING,
        OPEN_BRACE,
        CLOSE_BRACE,
        SEMICOLON,
        EQUALS,
        COMMA,
        /** One or more NUL bytes. */
        NULS,
        END
    }

    private static final byte OTHER = 0;
    private static final byte SPACE = 1;
    private static final byte PUNCTUATION = 2;
    private static final byte[] CLASS = new byte[256];

    static {
        for (char c : " \t\r\n\f\u000b".toCharArray()) {
            CLASS[c] = SPACE;
        }
        for (char c : "{};=,\"#\0".toCharArray()) {
            CLASS[c] = PUNCTUATION;
        }
    }

    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int at;
    private int limit;

    /** Offset in the file of {@code buffer[0]}. */
    private long bufferOffset;

    private int line;
    private long lineOffset;

    private byte[] text = new byte[256];
    private int textLength;
    private boolean cut;
    private boolean closed;
    private long tokenOffset;
    private int tokenLine;
    private int tokenColumn;

    LeaseLexer(InputStream in, long offset, int line, long lineOffset) {
        this.in = in;
        this.bufferOffset = offset;
        this.line = line;
        this.lineOffset = lineOffset;
    }

    /** Moves to the next token. Comments and white space are skipped. */
    Kind next() throws IOException {
        while (true) {
            if (at == limit && !fill()) {
                beginToken();
                return Kind.END;
            }
            int c = buffer[at] & 0xff;
            if (c == '\n') {
                at++;
                newLine();
            } else if (CLASS[c] == SPACE) {
                at++;
            } else if (c == '#') {
                skipComment();
            } else {
                return token(c);
            }
        }
    }

    private Kind token(int c) throws IOException {
        beginToken();
        return switch (c) {
            case '{' -> punctuation(Kind.OPEN_BRACE);
            case '}' -> punctuation(Kind.CLOSE_BRACE);
            case ';' -> punctuation(Kind.SEMICOLON);
            case '=' -> punctuation(Kind.EQUALS);
            case ',' -> punctuation(Kind.COMMA);
            case '"' -> string();
            case 0 -> nuls();
            default -> word();
        };
    }

    private void beginToken() {
        tokenOffset = bufferOffset + at;
        tokenLine = line;
        tokenColumn = (int) Math.min(Integer.MAX_VALUE, tokenOffset - lineOffset + 1);
        textLength = 0;
        cut = false;
        closed = true;
    }

    private Kind punctuation(Kind kind) {
        at++;
        return kind;
    }

    private Kind word() throws IOException {
        while (at < limit || fill()) {
            int from = at;
            while (at < limit && CLASS[buffer[at] & 0xff] == OTHER) {
                at++;
            }
            append(buffer, from, at);
            if (at < limit) {
                return Kind.WORD;
            }
        }
        closed = false;
        return Kind.WORD;
    }

    private Kind string() throws IOException {
        at++;
        while (at < limit || fill()) {
            byte b = buffer[at];
            if (b == '\n') {
                // Not consumed: the damage ends with its line.
                closed = false;
                return Kind.STRING;
            }
            at++;
            if (b == '"') {
                return Kind.STRING;
            }
            if (b == '\\') {
                escape();
            } else {
                append(b);
            }
        }
        closed = false;
        return Kind.STRING;
    }

    /** As conflex.c read_string(): octal with up to three digits, \x with two, and the letters. */
    private void escape() throws IOException {
        if (at == limit && !fill()) {
            return;
        }
        int c = buffer[at] & 0xff;
        if (c == '\n') {
            return;
        }
        at++;
        switch (c) {
            case 't' -> append((byte) '\t');
            case 'r' -> append((byte) '\r');
            case 'n' -> append((byte) '\n');
            case 'b' -> append((byte) '\b');
            case '0', '1', '2', '3' -> append((byte) digits(c - '0', 8, 2));
            case 'x' -> append((byte) digits(0, 16, 2));
            default -> append((byte) c);
        }
    }

    private int digits(int value, int radix, int most) throws IOException {
        for (int i = 0; i < most && (at < limit || fill()); i++) {
            int digit = Character.digit(buffer[at] & 0xff, radix);
            if (digit < 0) {
                break;
            }
            value = value * radix + digit;
            at++;
        }
        return value;
    }

    private Kind nuls() throws IOException {
        while (at < limit || fill()) {
            if (buffer[at] != 0) {
                break;
            }
            at++;
        }
        return Kind.NULS;
    }

    private void skipComment() throws IOException {
        while (at < limit || fill()) {
            if (buffer[at] == '\n') {
                return;
            }
            at++;
        }
    }

    private void newLine() {
        line++;
        lineOffset = bufferOffset + at;
    }

    private boolean fill() throws IOException {
        bufferOffset += limit;
        at = 0;
        limit = 0;
        int read = in.read(buffer, 0, buffer.length);
        if (read <= 0) {
            return false;
        }
        limit = read;
        return true;
    }

    private void append(byte b) {
        if (textLength == TOKEN_BYTES_MAX) {
            cut = true;
            return;
        }
        if (textLength == text.length) {
            text = Arrays.copyOf(text, Math.min(TOKEN_BYTES_MAX, text.length * 2));
        }
        text[textLength++] = b;
    }

    private void append(byte[] from, int start, int end) {
        int length = Math.min(end - start, TOKEN_BYTES_MAX - textLength);
        cut |= length < end - start;
        if (textLength + length > text.length) {
            text =
                    Arrays.copyOf(
                            text,
                            Math.min(
                                    TOKEN_BYTES_MAX,
                                    Math.max(text.length * 2, textLength + length)));
        }
        System.arraycopy(from, start, text, textLength, length);
        textLength += length;
    }

    /**
     * Bytes of the current WORD or STRING: {@link #length()} of them, valid until {@link #next}.
     */
    byte[] text() {
        return text;
    }

    int length() {
        return textLength;
    }

    /** Whether the token was longer than what was kept of it. */
    boolean isCut() {
        return cut;
    }

    /** False for a word that the file's end cut off, and a string without its closing quote. */
    boolean isClosed() {
        return closed;
    }

    long offset() {
        return tokenOffset;
    }

    int line() {
        return tokenLine;
    }

    int column() {
        return tokenColumn;
    }

    /** First byte after the current token. */
    long endOffset() {
        return bufferOffset + at;
    }

    int endLine() {
        return line;
    }

    long endLineOffset() {
        return lineOffset;
    }
}
