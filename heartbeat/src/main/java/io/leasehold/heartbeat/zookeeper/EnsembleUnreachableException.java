package io.leasehold.heartbeat.zookeeper;

/** The ensemble did not answer; a message of {@code null} never comes from here. */
public final class EnsembleUnreachableException extends Exception {
    private static final long serialVersionUID = 1L;

    public EnsembleUnreachableException(String message, Throwable cause) {
        super("the ensemble did not answer: " + message, cause);
    }
}
