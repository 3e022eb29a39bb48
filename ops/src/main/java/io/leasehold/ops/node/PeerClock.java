package io.leasehold.ops.node;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the peer's wall clock is from ours, as last asked. The promotion guard needs it when the
 * peer can no longer be asked: a survivor whose clock is ahead would free leases early.
 */
final class PeerClock {
    private static final Logger log = LoggerFactory.getLogger(PeerClock.class);
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(1);

    private final PeerTalk peer;
    private final InstantSource wallClock;
    private volatile Optional<Duration> ahead = Optional.empty();

    PeerClock(PeerTalk peer, InstantSource wallClock) {
        this.peer = peer;
        this.wallClock = wallClock;
    }

    /** How far our clock is ahead of the peer's; empty if the peer was never asked with success. */
    Optional<Duration> aheadOfPeer() {
        return ahead;
    }

    /** Asks; blocks for the answer. What was known stays if there is none. */
    void ask() throws InterruptedException {
        var asked = wallClock.instant();
        var answer = peer.ask(PeerTalk.Question.CLOCK, new byte[0], ANSWER_LIMIT);
        var heard = wallClock.instant();
        if (answer.isPresent()) {
            try {
                var theirs = Instant.ofEpochMilli(new LayoutReader(answer.get()).number());
                // The answer was made about halfway between.
                var halfway = asked.plus(Duration.between(asked, heard).dividedBy(2));
                ahead = Optional.of(Duration.between(theirs, halfway));
            } catch (LayoutException e) {
                log.warn("the peer's clock is not understood: {}", e.getMessage());
            }
        }
    }

    /** Our answer to the peer's question. */
    byte[] answer() {
        return new LayoutWriter(Long.BYTES).number(wallClock.millis()).toBytes();
    }
}
