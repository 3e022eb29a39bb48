package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.control.CheckView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Two nodes whose daemons talk; the second one would take over. */
class TakeoverRehearsalTest {
    private static final NodeName FIRST = new NodeName("dhcp1");
    private static final NodeName SECOND = new NodeName("dhcp2");
    private static final long SESSION = 7;

    private final List<String> complaints = new ArrayList<>();
    private Optional<String> quorumComplaint = Optional.empty();
    private Optional<Duration> ahead = Optional.of(Duration.ofMillis(3));
    private boolean connected = true;

    private List<CheckView> askedOnTheFirst() throws InterruptedException {
        var first = new AtomicReference<PeerTalk>();
        var second =
                new PeerTalk(
                        message -> {
                            first.get().received(SESSION, message);
                            return true;
                        },
                        _ -> {});
        first.set(
                new PeerTalk(
                        message -> {
                            if (connected) {
                                second.received(SESSION, message);
                            }
                            return connected;
                        },
                        _ -> {}));
        var ofSecond = of(SECOND, second);
        second.answerWith((_, _) -> ofSecond.answer());
        var seen = of(FIRST, first.get()).checks(SECOND);
        if (connected) {
            assertThat(ofSecond.checks(SECOND)).as("asked on the second").isEqualTo(seen);
        }
        return seen;
    }

    private TakeoverRehearsal of(NodeName self, PeerTalk talk) {
        return new TakeoverRehearsal(
                self,
                talk,
                Duration.ofSeconds(2),
                () -> ahead,
                () -> List.copyOf(complaints),
                () -> quorumComplaint);
    }

    @Test
    void shouldSayYesWhenNothingIsWrong() throws InterruptedException {
        assertThat(askedOnTheFirst())
                .extracting(CheckView::name, CheckView::ok)
                .containsExactly(tuple("clock", true), tuple("rehearsal", true));
    }

    @Test
    void shouldPassOnWhatTheGuardWouldComplainOf() throws InterruptedException {
        complaints.add("dhcpd.conf:3:1: expected a semicolon");

        assertThat(askedOnTheFirst())
                .filteredOn(check -> !check.ok())
                .singleElement()
                .satisfies(check ->
                        assertThat(check.sentence())
                                .contains("dhcp2")
                                .contains("dhcpd.conf:3:1: expected a semicolon"));
    }

    @Test
    void shouldRefuseWhileTheEnsembleCouldNotDecide() throws InterruptedException {
        quorumComplaint = Optional.of("the witness takes no part");

        assertThat(askedOnTheFirst())
                .filteredOn(check -> !check.ok())
                .extracting(CheckView::name, CheckView::sentence)
                .containsExactly(tuple("quorum", "the witness takes no part"));
    }

    @Test
    void shouldRefuseAClockThatIsTooFarAway() throws InterruptedException {
        ahead = Optional.of(Duration.ofMillis(-2_500));

        assertThat(askedOnTheFirst())
                .filteredOn(check -> !check.ok())
                .singleElement()
                .satisfies(check ->
                        assertThat(check.sentence())
                                .isEqualTo(
                                        "the clock of dhcp2 is behind by 2.5 s, more than 2.0 s"));
    }

    @Test
    void shouldSayNothingOfAClockThatWasNeverAsked() throws InterruptedException {
        ahead = Optional.empty();

        assertThat(askedOnTheFirst()).extracting(CheckView::name).containsExactly("rehearsal");
    }

    /** That there is no session has a check of its own. */
    @Test
    void shouldSayNothingForANodeThatCannotBeAsked() throws InterruptedException {
        connected = false;

        assertThat(askedOnTheFirst()).isEmpty();
    }
}
