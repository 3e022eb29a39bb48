package io.leasehold.heartbeat.layout;

/** Bytes from outside are not what the layout says. */
public final class LayoutException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int offsetBytes;

    public LayoutException(int offsetBytes, String expected, String actual) {
        super("at byte " + offsetBytes + ": expected " + expected + ", found " + actual);
        this.offsetBytes = offsetBytes;
    }

    /** Where, counted from the start of the message or file. */
    public int offsetBytes() {
        return offsetBytes;
    }
}
