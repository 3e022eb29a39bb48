package io.leasehold.blockrep.volume;

/**
 * Bytes that are no operation. The message says at which byte, what was expected and what was
 * there.
 */
public final class MalformedOperationException extends Exception {

    private static final long serialVersionUID = 1L;

    MalformedOperationException(int offsetBytes, String what) {
        super("operation is malformed at byte " + offsetBytes + ": " + what);
    }
}
