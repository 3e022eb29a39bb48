package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.record.Position;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The conversation with the peer, as far as it belongs to one replication session: what was said in
 * it and what the peer said about itself. A new session starts from nothing (R2, H13).
 *
 * <p>Only why there is none outlives a session, for a person: until the peer is in sync again.
 *
 * <pre>
 *   closed --SessionOpened--> open: nothing said, nothing heard --hello--> met
 *     ^                        |  ^---------SessionOpened (a newer one)-----+
 *     +------SessionClosed-----+--------------------------------------------+
 * </pre>
 */
final class PeerSession {
    private final Effects effects;
    private OptionalLong id = OptionalLong.empty();
    private Relation relation = Relation.EQUAL;
    private Optional<Hello> hello = Optional.empty();
    private Optional<Hello> helloSent = Optional.empty();
    private final Set<ClusterMessage> saidOnce = new HashSet<>();
    private Optional<Loss> loss = Optional.empty();

    /**
     * The peer has been without a session that made it equal.
     *
     * @param sinceNanos the first one ended then
     * @param reason why the last one ended
     */
    record Loss(long sinceNanos, String reason) {}

    PeerSession(Effects effects) {
        this.effects = effects;
    }

    void opened(long sessionId, Relation found) {
        id = OptionalLong.of(sessionId);
        relation = found;
        forget();
    }

    void closed(long nowNanos, String reason) {
        id = OptionalLong.empty();
        loss = Optional.of(new Loss(loss.map(Loss::sinceNanos).orElse(nowNanos), reason));
        forget();
    }

    /** Both are in sync: what was before is over. */
    void madeEqual() {
        loss = Optional.empty();
    }

    /** Empty while nothing was lost since both were in sync. */
    Optional<Loss> loss() {
        return loss;
    }

    private void forget() {
        hello = Optional.empty();
        helloSent = Optional.empty();
        saidOnce.clear();
    }

    boolean isOpen() {
        return id.isPresent();
    }

    boolean is(long sessionId) {
        return id.isPresent() && id.getAsLong() == sessionId;
    }

    /** How the histories related when the session opened. */
    Relation relation() {
        return relation;
    }

    /** The peer's latest, in this session. */
    Optional<Hello> hello() {
        return hello;
    }

    void heard(Hello latest) {
        hello = Optional.of(latest);
    }

    void send(ClusterMessage message) {
        id.ifPresent(session -> effects.add(new Effect.SendToPeer(session, message)));
    }

    /** What is said already in this session is not repeated. */
    void sendOnce(ClusterMessage message) {
        if (isOpen() && saidOnce.add(message)) {
            send(message);
        }
    }

    boolean hasSaid(ClusterMessage message) {
        return saidOnce.contains(message);
    }

    /** Another message said all that this one would say. */
    void needNotSay(ClusterMessage message) {
        saidOnce.add(message);
    }

    /** Says it again when it has changed; positions change with every write and are no news. */
    void introduce(Hello mine) {
        var known = Optional.of(withoutPosition(mine));
        if (isOpen() && !helloSent.equals(known)) {
            helloSent = known;
            send(mine);
        }
    }

    private static Hello withoutPosition(Hello hello) {
        return new Hello(
                hello.node(),
                hello.bootId(),
                hello.incarnation(),
                hello.role(),
                hello.record(),
                hello.promised(),
                hello.standing(),
                hello.permit(),
                hello.resumable(),
                hello.stopped(),
                Position.EMPTY,
                hello.arbiter());
    }
}
