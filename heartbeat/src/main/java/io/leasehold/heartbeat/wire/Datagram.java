package io.leasehold.heartbeat.wire;

import java.util.UUID;

/** The sealed part of a datagram. Integers are big-endian; component order is wire order. */
public sealed interface Datagram {

    /** Sent while the peer has not challenged us: "here I am, challenge me". */
    record Hello(String cluster, String sender, String receiver) implements Datagram {}

    /**
     * The answer to a datagram that proves nothing yet.
     *
     * @param challenged the incarnation that has to prove that it is alive now
     * @param generation how many incarnations of the peer the sender has believed before; a higher
     *     one replaces a lower
     * @param nonceHigh first half of what the challenged one mixes into its key
     * @param nonceLow second half
     */
    record Challenge(Incarnation challenged, long generation, long nonceHigh, long nonceLow)
            implements Datagram {}

    /**
     * A sign of life.
     *
     * @param bootId the run of the sender's kernel
     * @param daemonIncarnation how many daemons have attached to the sender
     * @param condition a number of the package {@code keeper}, not interpreted here
     * @param progressAgeNanos how old the daemon's last proven progress is
     * @param echoCounter the last beat that the sender accepted on this link, 0 for none
     * @param echoHeldNanos how long ago that was
     * @param payload the daemon's, at most {@link #PAYLOAD_BYTES_MAX} bytes
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by tests only, which know it
    record Beat(
            UUID bootId,
            long daemonIncarnation,
            byte condition,
            long progressAgeNanos,
            long echoCounter,
            long echoHeldNanos,
            byte[] payload)
            implements Datagram {
        public static final int PAYLOAD_BYTES_MAX = 1_024;

        public Beat {
            if (payload.length > PAYLOAD_BYTES_MAX) {
                throw new IllegalArgumentException("a payload of " + payload.length + " bytes");
            }
        }
    }
}
