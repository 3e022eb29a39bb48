package io.leasehold.blockrep.journal;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Bytes that had been made durable are not what was written. Never repaired silently: the copy must
 * be made equal to its peer's, or a person decides.
 */
public final class CorruptJournalException extends IOException {
    private static final long serialVersionUID = 1;

    private final String file;
    private final long offset;
    private final String expected;
    private final String actual;

    public CorruptJournalException(Path file, long offset, String expected, String actual) {
        super(file + ": offset " + offset + ": expected " + expected + ", found " + actual);
        this.file = file.toString();
        this.offset = offset;
        this.expected = expected;
        this.actual = actual;
    }

    public Path file() {
        return Path.of(file);
    }

    public long offset() {
        return offset;
    }

    public String expected() {
        return expected;
    }

    public String actual() {
        return actual;
    }
}
