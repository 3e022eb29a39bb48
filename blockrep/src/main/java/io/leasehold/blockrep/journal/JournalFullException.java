package io.leasehold.blockrep.journal;

/**
 * The oldest segment holds operations that no checkpoint covers, and no other is free. Whoever
 * appends without asking {@link Journal#roomBytes} first has a bug.
 */
public final class JournalFullException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    JournalFullException(String message) {
        super(message);
    }
}
