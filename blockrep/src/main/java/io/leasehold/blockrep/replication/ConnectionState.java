package io.leasehold.blockrep.replication;

/** The state of the connection to the peer (DRBD's words). */
public enum ConnectionState {
    /** Not looking for the peer: closed, or this node's disk is gone. */
    STANDALONE,
    /** Listening and dialling. */
    CONNECTING,
    /** A session is open: both ends proved who they are, and know each other's standing. */
    CONNECTED
}
