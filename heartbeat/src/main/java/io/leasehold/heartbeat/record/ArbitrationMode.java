package io.leasehold.heartbeat.record;

/** Who decides about a change of the record; part of the record, because modes never mix (R12). */
public enum ArbitrationMode {
    /** Fencing the peer with success, power state read back. */
    FENCING,
    /** A person who asserts that the peer is powered off. */
    OPERATOR,
    /** A conditional write to one znode. */
    ZOOKEEPER
}
