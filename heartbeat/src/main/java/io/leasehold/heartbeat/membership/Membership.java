package io.leasehold.heartbeat.membership;

import io.leasehold.heartbeat.record.BootId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;

/**
 * Decides whether the peer can be heard. Pure: same beats, same times, same answer.
 *
 * <pre>
 *   UNKNOWN --beat--> ONLINE --silent for warn-time--> SUSPECT --silent for dead-time--> LOST
 *      |                ^  |                              |                               |
 *      |                |  +--daemon makes no progress, or early rule---------------------+
 *      |                +----------------------------beat---------------------------------+
 *      +--init-dead passed--> LOST --replication heard, no beat--> SUSPECT
 *
 *   any --this process stood still ({@link #forget})--> UNKNOWN
 * </pre>
 *
 * <p>Silence is counted over all links together and over the replication session: while replication
 * data still arrive the peer is at most suspect (R37). The early rule: a point-to-point link has
 * lost its carrier and on every other link a few beats are missing. A daemon that makes no progress
 * behind a keeper that goes on beating is lost too.
 *
 * <p>Only silence that somebody listened to counts. This process hears beats from its keeper, and
 * on a busy machine later than the keeper did; so time is judged up to the moment for which the
 * keeper said that there was nothing else ({@link #listened}), and when a deadline has passed that
 * could change the verdict, the keeper is asked ({@link #mustListen}) before it does. For how long
 * the keeper itself stood still is no silence of the peer either.
 *
 * <p>Not safe for use by several threads.
 */
public final class Membership {

    /** What changed; at most one change of the peer and of each link at one time. */
    public sealed interface Change {

        /** The peer is heard and its daemon makes progress. */
        record PeerOnline(BootId bootId) implements Change {}

        record PeerSuspect(String reason) implements Change {}

        record PeerLost(String reason) implements Change {}

        record LinkChanged(LinkName link, LinkState state) implements Change {}
    }

    private static final class Link {
        private final LinkConfiguration configuration;
        private OptionalLong lastBeatNanos = OptionalLong.empty();
        private OptionalLong roundTripNanos = OptionalLong.empty();
        private boolean carrier = true;
        private LinkState state = LinkState.UNKNOWN;
        private long beats;
        private long losses;

        private Link(LinkConfiguration configuration) {
            this.configuration = configuration;
        }

        private boolean silentFor(long nowNanos, long nanos) {
            return lastBeatNanos.isEmpty() || nowNanos - lastBeatNanos.getAsLong() >= nanos;
        }
    }

    private final Timing timing;
    private final SequencedMap<LinkName, Link> links = new LinkedHashMap<>();
    private long judgingSinceNanos;
    private long firstWordNanos;

    /** Nothing came up to then that is not known here. */
    private long listenedUntilNanos;

    /** How far that is behind, because the keeper stood still for so long since it last heard. */
    private long deafNanos;

    private OptionalLong lastBeatNanos = OptionalLong.empty();
    private OptionalLong lastReplicationNanos = OptionalLong.empty();
    private long daemonProgressAgeNanos;
    private Optional<BootId> bootId = Optional.empty();
    private PeerState state = PeerState.UNKNOWN;
    private String reason = "not heard yet";

    /**
     * @param poweredOn this is the first process since power-on: the peer gets {@code init-dead}
     *     for its first beat, otherwise {@code daemon-dead-time}, which is what the peer gives this
     *     daemon for its restart. Not {@code dead-time}: a young process is slow to hear, while it
     *     loads its classes, and a healthy peer would be fenced for that
     */
    public Membership(
            long nowNanos, Timing timing, List<LinkConfiguration> links, boolean poweredOn) {
        this.timing = timing;
        this.judgingSinceNanos = nowNanos;
        this.listenedUntilNanos = nowNanos;
        this.firstWordNanos = poweredOn ? timing.initDeadNanos() : timing.daemonDeadNanos();
        links.forEach(link -> this.links.put(link.name(), new Link(link)));
    }

    /**
     * A beat on a link that is not configured is none.
     *
     * @param heardNanos when the keeper received it; beats of a link come in that order
     */
    public List<Change> beat(
            long heardNanos,
            LinkName name,
            BootId peerBoot,
            long progressAgeNanos,
            OptionalLong roundTripNanos) {
        var link = links.get(name);
        if (link == null) {
            return List.of();
        }
        if (heardNanos < judgingSinceNanos) {
            // It waited here while this process stood still.
            return List.of();
        }
        link.lastBeatNanos = OptionalLong.of(heardNanos);
        link.carrier = true;
        link.beats++;
        if (roundTripNanos.isPresent()) {
            link.roundTripNanos = roundTripNanos;
        }
        lastBeatNanos = OptionalLong.of(heardNanos);
        daemonProgressAgeNanos = progressAgeNanos;
        bootId = Optional.of(peerBoot);
        return listened(heardNanos, 0);
    }

    /**
     * The keeper has passed on whatever came until then.
     *
     * @param stoodStillNanos for so long of the time since it last heard the peer, it did not run
     */
    public List<Change> listened(long untilNanos, long stoodStillNanos) {
        deafNanos = stoodStillNanos;
        listenedUntilNanos = Math.max(listenedUntilNanos, untilNanos - stoodStillNanos);
        return judgeAnew();
    }

    /** Whether a verdict may have changed, and only {@link #listened} can tell. */
    public boolean mustListen(long nowNanos) {
        var next = nextChangeNanos();
        return next.isPresent() && next.getAsLong() + deafNanos <= nowNanos;
    }

    public List<Change> carrier(LinkName name, boolean up) {
        var link = links.get(name);
        if (link != null) {
            link.carrier = up;
        }
        return judgeAnew();
    }

    /** Replication delivered something authentic. */
    public List<Change> replicationHeard(long nowNanos) {
        lastReplicationNanos = OptionalLong.of(nowNanos);
        return judgeAnew();
    }

    /**
     * This process stood still: what it did not hear meanwhile says nothing about the peer.
     * Judgement starts anew, with {@code dead-time} for the first beat. A peer that was never heard
     * keeps the longer time that it has for its first word: a young process stands still, too.
     */
    public List<Change> forget(long nowNanos) {
        judgingSinceNanos = nowNanos;
        listenedUntilNanos = nowNanos;
        deafNanos = 0;
        if (lastHeardNanos().isPresent()) {
            firstWordNanos = timing.deadNanos();
        }
        lastBeatNanos = OptionalLong.empty();
        lastReplicationNanos = OptionalLong.empty();
        daemonProgressAgeNanos = 0;
        state = PeerState.UNKNOWN;
        reason = "not heard since this process stood still";
        links.values().forEach(link -> link.lastBeatNanos = OptionalLong.empty());
        return judgeAnew();
    }

    private List<Change> judgeAnew() {
        long nowNanos = listenedUntilNanos;
        var changes = new ArrayList<Change>();
        for (var link : links.values()) {
            var next = stateOf(link, nowNanos);
            if (next != link.state) {
                if (next == LinkState.SILENT || next == LinkState.NO_CARRIER) {
                    link.losses++;
                }
                link.state = next;
                changes.add(new Change.LinkChanged(link.configuration.name(), next));
            }
        }
        var verdict = judge(nowNanos);
        reason = verdict.reason();
        if (verdict.state() != state) {
            state = verdict.state();
            switch (state) {
                case UNKNOWN -> {}
                case ONLINE -> bootId.ifPresent(boot -> changes.add(new Change.PeerOnline(boot)));
                case SUSPECT -> changes.add(new Change.PeerSuspect(reason));
                case LOST -> changes.add(new Change.PeerLost(reason));
            }
        }
        return List.copyOf(changes);
    }

    private record Verdict(PeerState state, String reason) {}

    private Verdict judge(long nowNanos) {
        var heard = lastHeardNanos();
        if (heard.isEmpty()) {
            return nowNanos - judgingSinceNanos >= firstWordNanos
                    ? new Verdict(PeerState.LOST, "not heard within " + seconds(firstWordNanos))
                    : new Verdict(PeerState.UNKNOWN, reason);
        }
        if (lastBeatNanos.isPresent() && daemonProgressAgeNanos > timing.daemonDeadNanos()) {
            return new Verdict(
                    PeerState.LOST,
                    "its daemon has made no progress for " + seconds(daemonProgressAgeNanos));
        }
        var silentNanos = nowNanos - heard.getAsLong();
        if (silentNanos >= timing.deadNanos()) {
            return new Verdict(
                    PeerState.LOST, "silent on all links for " + seconds(timing.deadNanos()));
        }
        var cable = cableThatTells(nowNanos, silentNanos);
        if (cable.isPresent()) {
            return new Verdict(
                    PeerState.LOST,
                    "no carrier on "
                            + cable.get()
                            + " and "
                            + timing.earlyMissedBeats()
                            + " beats missing on every other link");
        }
        if (lastBeatNanos.isEmpty()) {
            return nowNanos - judgingSinceNanos >= firstWordNanos
                    ? new Verdict(PeerState.SUSPECT, "its volume is heard, but no beat")
                    : new Verdict(PeerState.UNKNOWN, reason);
        }
        if (nowNanos - lastBeatNanos.getAsLong() >= timing.warnNanos()) {
            return new Verdict(
                    PeerState.SUSPECT, "silent on all links for " + seconds(timing.warnNanos()));
        }
        return new Verdict(PeerState.ONLINE, "heard");
    }

    private Optional<LinkName> cableThatTells(long nowNanos, long silentNanos) {
        if (links.size() < 2 || silentNanos < earlyNanos()) {
            return Optional.empty();
        }
        var allMissing =
                links.values().stream()
                        .allMatch(link -> !link.carrier || link.silentFor(nowNanos, earlyNanos()));
        return links.values().stream()
                .filter(link -> allMissing && link.configuration.pointToPoint() && !link.carrier)
                .map(link -> link.configuration.name())
                .findFirst();
    }

    private long earlyNanos() {
        return timing.earlyMissedBeats() * timing.keepaliveNanos();
    }

    private LinkState stateOf(Link link, long nowNanos) {
        if (!link.carrier) {
            return LinkState.NO_CARRIER;
        }
        if (link.lastBeatNanos.isEmpty()) {
            return LinkState.UNKNOWN;
        }
        if (link.silentFor(nowNanos, timing.deadNanos())) {
            return LinkState.SILENT;
        }
        return link.silentFor(nowNanos, timing.warnNanos()) ? LinkState.WARNING : LinkState.UP;
    }

    private OptionalLong lastHeardNanos() {
        if (lastBeatNanos.isPresent() && lastReplicationNanos.isPresent()) {
            return OptionalLong.of(
                    Math.max(lastBeatNanos.getAsLong(), lastReplicationNanos.getAsLong()));
        }
        return lastBeatNanos.isPresent() ? lastBeatNanos : lastReplicationNanos;
    }

    /** When {@link #mustListen} will be true, unless something is heard before. */
    public OptionalLong nextDeadlineNanos(long nowNanos) {
        var next = nextChangeNanos();
        return next.isPresent() && next.getAsLong() + deafNanos > nowNanos
                ? OptionalLong.of(next.getAsLong() + deafNanos)
                : OptionalLong.empty();
    }

    /** The next time for which the verdict may be another one than it is now. */
    private OptionalLong nextChangeNanos() {
        long nowNanos = listenedUntilNanos;
        var next = OptionalLong.empty();
        for (var link : links.values()) {
            if (link.lastBeatNanos.isPresent()) {
                var last = link.lastBeatNanos.getAsLong();
                next = earlier(next, nowNanos, last + timing.warnNanos());
                next = earlier(next, nowNanos, last + timing.deadNanos());
                next = earlier(next, nowNanos, last + earlyNanos());
            }
        }
        var heard = lastHeardNanos();
        if (heard.isPresent()) {
            next = earlier(next, nowNanos, heard.getAsLong() + earlyNanos());
            next = earlier(next, nowNanos, heard.getAsLong() + timing.deadNanos());
        }
        if (lastBeatNanos.isEmpty()) {
            next = earlier(next, nowNanos, judgingSinceNanos + firstWordNanos);
        }
        return next;
    }

    private static OptionalLong earlier(OptionalLong next, long nowNanos, long candidate) {
        if (candidate <= nowNanos || (next.isPresent() && next.getAsLong() <= candidate)) {
            return next;
        }
        return OptionalLong.of(candidate);
    }

    public PeerState state() {
        return state;
    }

    /** Why the peer is in its state, for a person. */
    public String reason() {
        return reason;
    }

    /** The power-on in which the peer was last heard. */
    public Optional<BootId> bootId() {
        return bootId;
    }

    /** Says whether the peer's keeper is heard while its daemon stands still. */
    public boolean isHung() {
        return daemonProgressAgeNanos > timing.daemonDeadNanos();
    }

    /** How long the peer was silent; empty if it was never heard. */
    public OptionalLong silentNanos(long nowNanos) {
        var heard = lastHeardNanos();
        return heard.isPresent()
                ? OptionalLong.of(nowNanos - heard.getAsLong())
                : OptionalLong.empty();
    }

    public List<LinkStatus> links(long nowNanos) {
        return links.values().stream()
                .map(link ->
                        new LinkStatus(
                                link.configuration.name(),
                                link.state,
                                link.configuration.pointToPoint(),
                                link.lastBeatNanos.isPresent()
                                        ? OptionalLong.of(nowNanos - link.lastBeatNanos.getAsLong())
                                        : OptionalLong.empty(),
                                link.roundTripNanos,
                                link.beats,
                                link.losses))
                .toList();
    }

    private static String seconds(long nanos) {
        return nanos / 1_000_000 + " ms";
    }
}
