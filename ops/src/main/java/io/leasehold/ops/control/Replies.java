package io.leasehold.ops.control;

/** Where a {@link ControlHandler} says something before its answer. */
public interface Replies {

    /** Sends a line, at once. To a caller who left, nothing is sent. */
    void progress(String text);

    /** Sends an event, at once. To a caller who left, nothing is sent. */
    void event(EventView event);

    /** Sends a difference between lease files, at once. To a caller who left, nothing is sent. */
    void lease(LeaseDifferenceView lease);

    /** Whether the caller is still there; one who sends events for ever asks this between them. */
    boolean isListening();
}
