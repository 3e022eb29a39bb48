package io.leasehold.ops.node;

import io.leasehold.heartbeat.zookeeper.MemberInquiry;
import io.leasehold.ops.config.Configuration;
import io.leasehold.ops.config.Configuration.Member;
import io.leasehold.ops.witness.EnsembleSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether an ensemble of ours would have a quorum left if the peer's box died (R13). While the
 * witness is dead everything works, because both boxes are a quorum; but a crash of either is then
 * an outage that only a person ends.
 */
final class QuorumWatch {
    private static final Logger log = LoggerFactory.getLogger(QuorumWatch.class);

    static final Duration INTERVAL = Duration.ofSeconds(2);

    /** Of one member: both that are asked have answered, or not, before the next look. */
    private static final Duration ANSWER_LIMIT = Duration.ofMillis(900);

    private final String peer;
    private final List<Member> withoutPeer;
    private final int quorum;
    private final Predicate<Member> takesPart;
    private volatile Optional<String> complaint = Optional.empty();

    QuorumWatch(String peer, List<Member> all, Predicate<Member> takesPart) {
        this.peer = peer;
        this.withoutPeer = all.stream().filter(member -> !member.name().equals(peer)).toList();
        this.quorum = all.size() / 2 + 1;
        this.takesPart = takesPart;
    }

    /**
     * One for an ensemble of ours; an ensemble of the site is watched by the site.
     *
     * @throws IOException a key or certificate is missing or wrong
     */
    static Optional<QuorumWatch> of(Settings settings) throws IOException {
        var configuration = settings.configuration();
        if (configuration.zookeeper().isEmpty()
                || !(configuration.zookeeper().get().ensemble()
                        instanceof Configuration.Ensemble.Embedded embedded)) {
            return Optional.empty();
        }
        var inquiry =
                MemberInquiry.of(
                        EnsembleSettings.access(configuration, settings.self()), ANSWER_LIMIT);
        return Optional.of(
                new QuorumWatch(
                        settings.peer().value(),
                        List.copyOf(embedded.members().values()),
                        member ->
                                inquiry.takesPart(
                                        member.address().getHostAddress(), member.clientPort())));
    }

    /** Asks the members; blocks for two seconds at most. Throws nothing: it is asked for again. */
    void look() {
        try {
            complaint = found();
        } catch (RuntimeException e) {
            // Whoever repeats this would end in silence, with a complaint of any age.
            log.error("cannot tell whether the ensemble would have a quorum", e);
            complaint =
                    Optional.of(
                            "whether the ensemble has a quorum without the box of %s cannot be told: %s"
                                    .formatted(peer, e));
        }
    }

    private Optional<String> found() {
        var missing = withoutPeer.stream().filter(takesPart.negate()).toList();
        return withoutPeer.size() - missing.size() >= quorum
                ? Optional.empty()
                : Optional.of(
                        "without the box of %s the ensemble has no quorum, so nobody could take over: %s takes no part"
                                .formatted(
                                        peer,
                                        missing.stream()
                                                .map(QuorumWatch::describe)
                                                .collect(Collectors.joining(" and "))));
    }

    private static String describe(Member member) {
        return "member %s (%s:%d)"
                .formatted(member.name(), member.address().getHostAddress(), member.clientPort());
    }

    /** What the last look found; empty if all is well, or before the first one. */
    Optional<String> complaint() {
        return complaint;
    }
}
