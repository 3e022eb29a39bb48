package io.leasehold.itests.lab.client;

import io.leasehold.itests.lab.network.Addresses;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One client's way to an answer: asks, asks again, and ends acknowledged or silent. A client that
 * is told NAK starts over with DISCOVER, as RFC 2131 §4.4 says.
 *
 * <p>No clock and no socket: the time is given, and what is to be sent is handed back.
 */
final class Exchange {
    private static final long FIRST_WAIT_NANOS = 400_000_000L;
    private static final long WAIT_NANOS_MAX = 2_000_000_000L;

    /** About 13 s in all: longer than any fail-over that is not a failure. */
    private static final int ATTEMPTS_MAX = 8;

    /** A client in RENEWING that hears nothing turns to everybody; RFC 2131 does so at T2. */
    private static final int UNICAST_ATTEMPTS_MAX = 3;

    /** What the client waits for. */
    private enum Phase {
        SELECTING,
        REQUESTING,
        RENEWING,
        REBINDING,
        REBOOTING,
        ACKNOWLEDGED,
        GAVE_UP
    }

    private final Station station;
    private final int transaction;
    private final Optional<HeldLease> before;
    private Phase phase;
    private int attempts;
    private long startNanos;
    private long nextSendNanos;
    private int offered;
    private int offeringServer;
    private boolean refused;
    private OptionalLong answeringHardware = OptionalLong.empty();
    private boolean answeredTwice;
    private Optional<HeldLease> after = Optional.empty();

    private Exchange(Station station, int transaction, Optional<HeldLease> before, Phase phase) {
        this.station = station;
        this.transaction = transaction;
        this.before = before;
        this.phase = phase;
    }

    /** A client without a lease. */
    static Exchange init(Station station, int transaction) {
        return new Exchange(station, transaction, Optional.empty(), Phase.SELECTING);
    }

    /** A client that asks for its lease again. */
    static Exchange again(HeldLease lease, int transaction, RenewalState state) {
        var phase =
                switch (state) {
                    case RENEWING -> Phase.RENEWING;
                    case REBINDING -> Phase.REBINDING;
                    case INIT_REBOOT -> Phase.REBOOTING;
                };
        return new Exchange(lease.station(), transaction, Optional.of(lease), phase);
    }

    Station station() {
        return station;
    }

    int transaction() {
        return transaction;
    }

    boolean isOver() {
        return phase == Phase.ACKNOWLEDGED || phase == Phase.GAVE_UP;
    }

    boolean wasRefused() {
        return refused;
    }

    /** Whether two boxes answered; nothing that a single server does can cause it. */
    boolean wasAnsweredTwice() {
        return answeredTwice;
    }

    /** The lease that it was given; empty if it gave up. */
    Optional<HeldLease> acknowledged() {
        return after;
    }

    /** What it had and what it has. */
    boolean keptItsAddress() {
        return !refused
                && before.isPresent()
                && after.isPresent()
                && before.get().address().equals(after.get().address());
    }

    /** The lease that the client believes in now. */
    Optional<HeldLease> held() {
        if (after.isPresent()) {
            return after;
        }
        // NAK means: stop using it at once.
        return refused ? Optional.empty() : before;
    }

    void start(long nowNanos) {
        startNanos = nowNanos;
        nextSendNanos = nowNanos;
    }

    /** What to send now, if it is time. */
    Optional<Question> due(long nowNanos) {
        if (isOver() || nowNanos < nextSendNanos) {
            return Optional.empty();
        }
        if (attempts == ATTEMPTS_MAX) {
            phase = Phase.GAVE_UP;
            return Optional.empty();
        }
        if (phase == Phase.RENEWING && attempts == UNICAST_ATTEMPTS_MAX) {
            phase = Phase.REBINDING;
        }
        nextSendNanos = nowNanos + Math.min(FIRST_WAIT_NANOS << attempts, WAIT_NANOS_MAX);
        attempts++;
        return Optional.of(question(nowNanos));
    }

    /** When {@link #due} wants to be asked next. */
    long nextSendNanos() {
        return nextSendNanos;
    }

    /** Takes a server's word; afterwards something may be due at once. */
    void heard(Reply reply, long nowNanos, Instant now) {
        if (answeringHardware.isEmpty()) {
            answeringHardware = OptionalLong.of(reply.sourceHardware());
        } else if (answeringHardware.getAsLong() != reply.sourceHardware()) {
            answeredTwice = true;
        }
        switch (phase) {
            case SELECTING -> {
                if (reply.type() == MessageType.OFFER) {
                    offered = reply.address();
                    offeringServer = reply.serverIdentifier();
                    moveTo(Phase.REQUESTING, nowNanos);
                }
            }
            case REQUESTING, RENEWING, REBINDING, REBOOTING -> {
                if (reply.type() == MessageType.ACK) {
                    after = Optional.of(lease(reply, now));
                    phase = Phase.ACKNOWLEDGED;
                } else if (reply.type() == MessageType.NAK) {
                    refused = true;
                    moveTo(Phase.SELECTING, nowNanos);
                }
            }
            case ACKNOWLEDGED, GAVE_UP -> {
                // A late or second answer; who sent it was noted above.
            }
        }
    }

    private void moveTo(Phase next, long nowNanos) {
        phase = next;
        attempts = 0;
        nextSendNanos = nowNanos;
        // The next question may rightly be answered by another box than the last one.
        answeringHardware = OptionalLong.empty();
    }

    private HeldLease lease(Reply reply, Instant now) {
        // The ACK of a renewal may leave out what the client knows.
        int address = reply.address() == 0 ? ownAddress() : reply.address();
        return new HeldLease(
                station,
                Addresses.dotted(address),
                Addresses.dotted(reply.serverIdentifier()),
                reply.leaseSeconds(),
                now);
    }

    private Question question(long nowNanos) {
        int seconds = (int) ((nowNanos - startNanos) / 1_000_000_000L);
        return switch (phase) {
            case SELECTING -> Question.discover(station, transaction, seconds);
            case REQUESTING ->
                    Question.select(station, transaction, seconds, offered, offeringServer);
            case RENEWING -> Question.renew(station, transaction, ownAddress(), ownServer());
            case REBINDING -> Question.rebind(station, transaction, ownAddress());
            case REBOOTING -> Question.reboot(station, transaction, ownAddress());
            case ACKNOWLEDGED, GAVE_UP ->
                    throw new IllegalStateException(station + " has nothing to ask in " + phase);
        };
    }

    private int ownAddress() {
        return before.map(HeldLease::addressBits).orElse(offered);
    }

    private int ownServer() {
        return before.map(HeldLease::serverBits).orElse(offeringServer);
    }
}
