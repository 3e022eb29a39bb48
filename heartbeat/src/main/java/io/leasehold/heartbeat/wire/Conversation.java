package io.leasehold.heartbeat.wire;

import io.leasehold.heartbeat.wire.Datagram.Beat;
import io.leasehold.heartbeat.wire.Datagram.Challenge;
import io.leasehold.heartbeat.wire.Datagram.Hello;
import io.leasehold.heartbeat.wire.DatagramCodec.Header;
import io.leasehold.heartbeat.wire.DatagramCodec.Peeked;
import io.leasehold.heartbeat.wire.Keys.BeatKey;
import java.util.Optional;
import java.util.OptionalLong;
import javax.crypto.SecretKey;

/**
 * One keeper's side of the conversation with the peer's keeper, over any number of links.
 *
 * <pre>
 *   A (new run)                                            B
 *     Hello ------------------------------------------------->   proves nothing: challenge it
 *     <---------------- Challenge(A's incarnation, nonce) ----
 *     Beat, sealed with a key from incarnation and nonce ---->   believed; B's generation + 1
 * </pre>
 *
 * <p>Both directions are like that, and independent. A Beat of an incarnation that is not the
 * believed one is answered by a Challenge too, so a run of B that knows nothing gets A's next beat
 * sealed for itself. The nonce is a function of B's secret, B's generation and A's incarnation: B
 * keeps no state for those who have proven nothing, and when B has believed another incarnation
 * since, everything recorded from an earlier one opens with no key that B can derive.
 *
 * <p>A Challenge can be a recording as well. It names the incarnation that it was made for, which
 * is this run's; and of those made for this run by several runs of the peer only the believed one's
 * counts, of several by one run the highest generation.
 *
 * <p>Given the same incarnation, secret, datagrams and times it does the same. Belongs to one
 * thread.
 */
public final class Conversation {
    /** At most one Challenge per link in this time. */
    static final long CHALLENGE_PAUSE_NANOS = 2_000_000;

    /** At most so many keys are derived per second for incarnations that have proven nothing. */
    static final int DERIVATIONS_PER_SECOND = 200;

    private static final long SECOND_NANOS = 1_000_000_000L;

    /** So many beats back a round trip can be measured. */
    private static final int SENT_TIMES = 64;

    private final Names names;
    private final Keys keys;
    private final Incarnation own;
    private final byte[] secret;
    private final SecretKey ownGreetingKey;
    private final DatagramCodec codec = new DatagramCodec();
    private final LinkState[] links;

    // Sending: by whom we were challenged, and with what we answer.
    private Optional<Challenged> challenged = Optional.empty();
    // Receiving: the incarnation of the peer that is believed, and how many were.
    private Optional<Believed> believed = Optional.empty();
    private long generation;

    private long derivationsSinceNanos;
    private int derivations;

    private record Challenged(Incarnation by, long generation, BeatKey key) {}

    private record Believed(Incarnation sender, BeatKey key) {}

    private static final class LinkState {
        long sentCounter;
        // Of its own, so that a challenge is no gap in the numbers of the beats.
        long challengeCounter;
        final long[] sentNanos = new long[SENT_TIMES];
        long receivedCounter;
        long receivedNanos;
        long challengeNanos;
        boolean hasChallenged;
    }

    /**
     * Begins a conversation as a new run.
     *
     * @param own random, never used before
     * @param secret {@link #SECRET_BYTES} random bytes that leave this object in no form
     */
    public Conversation(Names names, byte[] clusterKey, int links, Incarnation own, byte[] secret) {
        this.names = names;
        this.keys = new Keys(clusterKey);
        this.own = own;
        this.secret = secret.clone();
        this.ownGreetingKey = keys.greeting(own);
        this.links = new LinkState[links];
        for (int i = 0; i < links; i++) {
            this.links[i] = new LinkState();
        }
    }

    public static final int SECRET_BYTES = 32;

    /** What became of a received datagram. */
    public sealed interface Reception {
        /**
         * A fresh beat.
         *
         * @param sender the run of the peer's keeper
         * @param beat what it says
         * @param lost how many beats before it never came on this link
         * @param roundTripNanos of this link, if the beat echoes one of ours
         */
        record Accepted(Incarnation sender, Beat beat, long lost, OptionalLong roundTripNanos)
                implements Reception {}

        /** We were challenged: what is sent from now on can be believed, so send at once. */
        record SendNow() implements Reception {}

        /** A greeting: to be answered on the same link with this datagram. */
        @SuppressWarnings("ArrayRecordComponent") // nobody compares two of them
        record Reply(byte[] datagram) implements Reception {}

        /** A greeting that needs no answer now. */
        record Noted() implements Reception {}

        /**
         * It changed nothing.
         *
         * @param remark for a person, empty if the cause says all
         * @param reply what to answer on the same link, if anything
         */
        record Rejected(Rejection cause, String remark, Optional<byte[]> reply)
                implements Reception {}
    }

    /**
     * The next datagram to send on a link: a Beat, or a Hello while nobody has challenged us.
     *
     * @param link number of the link
     * @param content what a Beat says; its echo is filled in here
     */
    public byte[] nextDatagram(int link, Beat content, long nowNanos) {
        var state = links[link];
        long counter = ++state.sentCounter;
        state.sentNanos[(int) (counter % SENT_TIMES)] = nowNanos;
        if (challenged.isEmpty()) {
            return codec.seal(
                    new Header(DatagramCodec.Type.HELLO, link, own, counter, 0),
                    new Hello(names.cluster(), names.node(), names.peer()),
                    ownGreetingKey);
        }
        var key = challenged.get().key();
        return codec.seal(
                new Header(DatagramCodec.Type.BEAT, link, own, counter, key.number()),
                new Beat(
                        content.bootId(),
                        content.daemonIncarnation(),
                        content.condition(),
                        content.progressAgeNanos(),
                        state.receivedCounter,
                        state.receivedCounter == 0 ? 0 : nowNanos - state.receivedNanos,
                        content.payload()),
                key.key());
    }

    /** Takes a datagram that came on a link from the peer's address. */
    public Reception receive(int link, byte[] datagram, long nowNanos) {
        return switch (DatagramCodec.peek(datagram)) {
            case Peeked.Unknown(var cause) -> rejected(cause, "");
            case Peeked.Known(var header) ->
                    switch (header.type()) {
                        case HELLO -> hello(link, header, datagram, nowNanos);
                        case CHALLENGE -> challenge(link, header, datagram, nowNanos);
                        case BEAT -> beat(link, header, datagram, nowNanos);
                    };
        };
    }

    private Reception hello(int link, Header header, byte[] datagram, long nowNanos) {
        if (isOverDerivationLimit(nowNanos)) {
            return rejected(Rejection.STALE, "");
        }
        var body = codec.open(header, datagram, keys.greeting(header.sender()));
        if (body.isEmpty() || !(body.get() instanceof Hello hello)) {
            return rejected(Rejection.FORGED, "");
        }
        var expected = new Hello(names.cluster(), names.peer(), names.node());
        if (!hello.equals(expected)) {
            return rejected(
                    Rejection.MISADDRESSED,
                    "node %s of cluster %s calls for %s; expected node %s of cluster %s calling for %s"
                            .formatted(
                                    hello.sender(),
                                    hello.cluster(),
                                    hello.receiver(),
                                    names.peer(),
                                    names.cluster(),
                                    names.node()));
        }
        if (header.link() != link) {
            return otherLink(link, header);
        }
        return challengeFor(link, header.sender(), nowNanos)
                .<Reception>map(Reception.Reply::new)
                .orElseGet(Reception.Noted::new);
    }

    private Reception challenge(int link, Header header, byte[] datagram, long nowNanos) {
        if (isOverDerivationLimit(nowNanos)) {
            return rejected(Rejection.STALE, "");
        }
        var body = codec.open(header, datagram, keys.greeting(header.sender()));
        if (body.isEmpty() || !(body.get() instanceof Challenge challenge)) {
            return rejected(Rejection.FORGED, "");
        }
        if (header.link() != link) {
            return otherLink(link, header);
        }
        boolean madeForUs = challenge.challenged().equals(own);
        boolean byTheBelieved =
                believed.isEmpty() || believed.get().sender().equals(header.sender());
        boolean isNewer =
                challenged.isEmpty()
                        || !challenged.get().by().equals(header.sender())
                        || challenge.generation() > challenged.get().generation();
        if (!madeForUs || !byTheBelieved) {
            return rejected(Rejection.STALE, "");
        }
        if (!isNewer) {
            // The same again: it crossed with our first beat.
            return challenge.generation() == challenged.get().generation()
                    ? new Reception.Noted()
                    : rejected(Rejection.STALE, "");
        }
        challenged =
                Optional.of(
                        new Challenged(
                                header.sender(),
                                challenge.generation(),
                                keys.beat(
                                        own,
                                        challenge.nonceHigh(),
                                        challenge.nonceLow(),
                                        names.cluster(),
                                        names.node(),
                                        names.peer())));
        return new Reception.SendNow();
    }

    private Reception beat(int link, Header header, byte[] datagram, long nowNanos) {
        boolean isBelieved =
                believed.isPresent() && believed.get().sender().equals(header.sender());
        if (isBelieved && believed.get().key().number() == header.keyNumber()) {
            return beatOf(believed.get(), link, header, datagram, nowNanos);
        }
        if (isOverDerivationLimit(nowNanos)) {
            return rejected(Rejection.STALE, "");
        }
        var nonce = keys.nonce(secret, generation, header.sender());
        var key =
                keys.beat(
                        header.sender(),
                        nonce.getLong(0),
                        nonce.getLong(8),
                        names.cluster(),
                        names.peer(),
                        names.node());
        if (key.number() != header.keyNumber()) {
            return new Reception.Rejected(
                    Rejection.STALE, "", challengeFor(link, header.sender(), nowNanos));
        }
        var candidate = new Believed(header.sender(), key);
        if (codec.open(header, datagram, key.key()).isEmpty()) {
            return rejected(Rejection.FORGED, "");
        }
        believe(candidate);
        return beatOf(candidate, link, header, datagram, nowNanos);
    }

    /** From now on only this incarnation counts, and its counters start anew on every link. */
    private void believe(Believed candidate) {
        believed = Optional.of(candidate);
        generation++;
        for (var state : links) {
            state.receivedCounter = 0;
        }
    }

    private Reception beatOf(
            Believed sender, int link, Header header, byte[] datagram, long nowNanos) {
        var body = codec.open(header, datagram, sender.key().key());
        if (body.isEmpty() || !(body.get() instanceof Beat beat)) {
            return rejected(Rejection.FORGED, "");
        }
        if (header.link() != link) {
            return otherLink(link, header);
        }
        var state = links[link];
        if (header.counter() <= state.receivedCounter) {
            return rejected(Rejection.REPLAYED, "");
        }
        long lost = state.receivedCounter == 0 ? 0 : header.counter() - state.receivedCounter - 1;
        state.receivedCounter = header.counter();
        state.receivedNanos = nowNanos;
        return new Reception.Accepted(
                header.sender(), beat, lost, roundTrip(state, beat, nowNanos));
    }

    private static OptionalLong roundTrip(LinkState state, Beat beat, long nowNanos) {
        long echoed = beat.echoCounter();
        boolean isRemembered =
                echoed > 0
                        && echoed <= state.sentCounter
                        && echoed > state.sentCounter - SENT_TIMES;
        if (!isRemembered) {
            return OptionalLong.empty();
        }
        long sinceSentNanos = nowNanos - state.sentNanos[(int) (echoed % SENT_TIMES)];
        // The peer's clock may run a little faster than ours.
        return OptionalLong.of(Math.max(0, sinceSentNanos - beat.echoHeldNanos()));
    }

    private Optional<byte[]> challengeFor(int link, Incarnation sender, long nowNanos) {
        var state = links[link];
        if (state.hasChallenged && nowNanos - state.challengeNanos < CHALLENGE_PAUSE_NANOS) {
            return Optional.empty();
        }
        state.hasChallenged = true;
        state.challengeNanos = nowNanos;
        var nonce = keys.nonce(secret, generation, sender);
        return Optional.of(
                codec.seal(
                        new Header(
                                DatagramCodec.Type.CHALLENGE,
                                link,
                                own,
                                ++state.challengeCounter,
                                0),
                        new Challenge(sender, generation, nonce.getLong(0), nonce.getLong(8)),
                        ownGreetingKey));
    }

    private boolean isOverDerivationLimit(long nowNanos) {
        if (derivations == 0 || nowNanos - derivationsSinceNanos >= SECOND_NANOS) {
            derivationsSinceNanos = nowNanos;
            derivations = 0;
        }
        return ++derivations > DERIVATIONS_PER_SECOND;
    }

    private static Reception otherLink(int link, Header header) {
        return rejected(
                Rejection.MISADDRESSED,
                "the peer's link number %d arrives on our number %d: cables swapped, or the links are in another order there"
                        .formatted(header.link() + 1, link + 1));
    }

    private static Reception rejected(Rejection cause, String remark) {
        return new Reception.Rejected(cause, remark, Optional.empty());
    }
}
