package io.leasehold.ops.control;

/** Answers requests. Door: implemented by the daemon. */
@FunctionalInterface
public interface ControlHandler {

    /**
     * Answers one request. Called on a virtual thread of the connection, several at a time; it may
     * block. A caller who left does not interrupt it, but {@link Replies#isListening} says so.
     *
     * @param caller who asks; allowed to, that has been checked
     * @param replies takes what is to be said before the answer
     * @return the answer; an exception instead is logged and answered as a failure
     */
    Reply.Answer handle(Request request, Caller caller, Replies replies);
}
