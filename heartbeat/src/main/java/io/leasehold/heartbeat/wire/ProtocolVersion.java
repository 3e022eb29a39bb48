package io.leasehold.heartbeat.wire;

/** Versions of the heartbeat datagrams; numbers are appended, never used again. */
public enum ProtocolVersion {
    /** Hello, Challenge, Beat. */
    V1(1);

    static final ProtocolVersion CURRENT = V1;

    private final int number;

    ProtocolVersion(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
