package io.leasehold.heartbeat.keeper;

import java.util.OptionalLong;
import java.util.UUID;

/**
 * What the peer's keeper said in one authenticated, fresh datagram.
 *
 * @param link the name of the link that it came over
 * @param bootId the peer's run of its kernel
 * @param keeperIncarnation differs for each process that was the peer's keeper
 * @param daemonIncarnation how many daemons have attached to that keeper
 * @param daemon what the peer's keeper knows of its daemon
 * @param progressAgeNanos how old the daemon's last proven progress was when the datagram was sent
 * @param payload what the peer's daemon published last, empty before
 * @param roundTripNanos the link's round trip, absent until both directions work
 * @param receivedNanos when it was received, in the time of {@link System#nanoTime} of both
 *     processes
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares two of them
public record PeerBeat(
        String link,
        UUID bootId,
        long keeperIncarnation,
        long daemonIncarnation,
        DaemonCondition daemon,
        long progressAgeNanos,
        byte[] payload,
        OptionalLong roundTripNanos,
        long receivedNanos) {

    /**
     * What a keeper knows of its daemon; numbers are those of the wire, appended, never used again.
     */
    public enum DaemonCondition {
        /** None attached yet, or the last one is gone and may come back. */
        AWAY(0),
        ATTACHED(1),
        /**
         * The keeper stood down: it serves nothing and sends no more beats until a daemon is back.
         */
        STOOD_DOWN(2);

        private final int number;

        DaemonCondition(int number) {
            this.number = number;
        }

        byte number() {
            return (byte) number;
        }

        /** One that was added after this version is no sign of life. */
        static DaemonCondition of(byte number) {
            return switch (number) {
                case 1 -> ATTACHED;
                case 2 -> STOOD_DOWN;
                default -> AWAY;
            };
        }
    }
}
