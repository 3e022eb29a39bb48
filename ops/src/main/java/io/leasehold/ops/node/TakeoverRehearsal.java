package io.leasehold.ops.node;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.ops.control.CheckView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the promotion guard of the node that would take over is going to say, as far as that can be
 * known before: whether its clock fits, and whether its dhcpd takes the configuration. Only that
 * node knows, so the other one asks it.
 *
 * <pre>
 *   question  empty
 *   answer    count, then each check: name, ok, sentence
 * </pre>
 */
final class TakeoverRehearsal {
    private static final Logger log = LoggerFactory.getLogger(TakeoverRehearsal.class);

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);
    private static final int CHECKS_MAX = 8;
    private static final int TEXT_CHARACTERS_MAX = 1_000;

    private final NodeName self;
    private final PeerTalk peer;
    private final Duration clockDifferenceMax;
    private final Supplier<Optional<Duration>> clockAheadOfPeer;
    private final Supplier<List<String>> complaints;
    private final Supplier<Optional<String>> quorumComplaint;

    /**
     * @param complaints of the last rehearsal on this node; empty where the volume is mounted
     * @param quorumComplaint why the ensemble could not decide without the peer's box
     */
    TakeoverRehearsal(
            NodeName self,
            PeerTalk peer,
            Duration clockDifferenceMax,
            Supplier<Optional<Duration>> clockAheadOfPeer,
            Supplier<List<String>> complaints,
            Supplier<Optional<String>> quorumComplaint) {
        this.self = self;
        this.peer = peer;
        this.clockDifferenceMax = clockDifferenceMax;
        this.clockAheadOfPeer = clockAheadOfPeer;
        this.complaints = complaints;
        this.quorumComplaint = quorumComplaint;
    }

    /** What {@code target} would say; empty if it cannot be asked, which has a check of its own. */
    List<CheckView> checks(NodeName target) throws InterruptedException {
        if (target.equals(self)) {
            return own();
        }
        var answer = peer.ask(PeerTalk.Question.REHEARSAL, new byte[0], ANSWER_LIMIT);
        if (answer.isEmpty()) {
            return List.of();
        }
        try {
            return decode(answer.get());
        } catch (LayoutException e) {
            log.warn("the rehearsal of {} is not understood: {}", target, e.getMessage());
            return List.of();
        }
    }

    /** Our answer to the peer's question. */
    byte[] answer() {
        var checks = own();
        var to = new LayoutWriter(PeerTalk.BODY_BYTES_MAX).count(checks.size());
        for (var check : checks) {
            to.text(check.name()).flag(check.ok()).text(check.sentence());
        }
        return to.toBytes();
    }

    private List<CheckView> own() {
        var checks = new ArrayList<CheckView>();
        clockAheadOfPeer.get().ifPresent(ahead -> checks.add(clock(ahead)));
        var wrong = complaints.get();
        checks.add(
                check(
                        "rehearsal",
                        wrong.isEmpty(),
                        wrong.isEmpty()
                                ? "the configuration that the DHCP server would start with on "
                                        + self
                                        + " is good"
                                : "the DHCP server would not start on "
                                        + self
                                        + ": "
                                        + String.join("; ", wrong)));
        quorumComplaint.get().ifPresent(text -> checks.add(check("quorum", false, text)));
        return checks;
    }

    private CheckView clock(Duration ahead) {
        boolean fits = ahead.abs().compareTo(clockDifferenceMax) <= 0;
        return check(
                "clock",
                fits,
                fits
                        ? "the clocks agree"
                        : "the clock of %s is %s by %.1f s, more than %.1f s"
                                .formatted(
                                        self,
                                        ahead.isNegative() ? "behind" : "ahead",
                                        ahead.abs().toMillis() / 1e3,
                                        clockDifferenceMax.toMillis() / 1e3));
    }

    private static CheckView check(String name, boolean ok, String sentence) {
        return new CheckView(
                name,
                ok,
                sentence.length() <= TEXT_CHARACTERS_MAX
                        ? sentence
                        : sentence.substring(0, TEXT_CHARACTERS_MAX),
                Rule.POLICY.name());
    }

    private static List<CheckView> decode(byte[] bytes) throws LayoutException {
        var from = new LayoutReader(bytes);
        var checks = new ArrayList<CheckView>();
        for (int left = from.count(CHECKS_MAX); left > 0; left--) {
            checks.add(
                    new CheckView(
                            from.text(TEXT_CHARACTERS_MAX),
                            from.flag(),
                            from.text(4 * TEXT_CHARACTERS_MAX),
                            Rule.POLICY.name()));
        }
        from.end();
        return checks;
    }
}
