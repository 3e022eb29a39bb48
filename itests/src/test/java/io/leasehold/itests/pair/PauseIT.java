package io.leasehold.itests.pair;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.ServerNode.Role;
import io.leasehold.itests.lab.client.AnswerCapture.Answer;
import io.leasehold.itests.lab.network.LabNode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Our processes on the primary stand still, and dhcpd goes on. Nothing powers the node off: the
 * arbiter is a person, who asserts what is not so, that the node has no power. So what keeps it
 * silent is the kernel alone, and that is looked at on the wire.
 */
@Timeout(280)
class PauseIT {
    private static final String NAME = "pause-it";

    /** What the kernel lets pass after the last renewal, and one tick of a slow kernel. */
    private static final Duration SILENT_WITHOUT_THE_KEEPER = Duration.ofMillis(310);

    /** Less a tenth of timing.serving-lease, and as above. */
    private static final Duration SILENT_WITHOUT_THE_DAEMON = Duration.ofMillis(1_810);

    private static PairInLab pair;

    @BeforeAll
    static void up() throws Exception {
        pair =
                PairInLab.up(
                        NAME,
                        LabOptions.DEFAULT
                                .withProfile(LabOptions.Profile.DEFAULT)
                                .withArbiter(LabOptions.Arbiter.OPERATOR));
    }

    @AfterAll
    static void down() throws Exception {
        PairInLab.down(NAME);
    }

    @AfterEach
    void shouldHaveLostNothing() throws Exception {
        pair.assertHealthyAndNothingLost();
    }

    /** Who stands still, and how soon the node must be silent. */
    record Standstill(List<Role> roles, Duration silentWithin) {}

    static List<Standstill> standstills() {
        return List.of(
                new Standstill(List.of(Role.DAEMON, Role.KEEPER), SILENT_WITHOUT_THE_KEEPER),
                new Standstill(List.of(Role.KEEPER), SILENT_WITHOUT_THE_KEEPER),
                new Standstill(List.of(Role.DAEMON), SILENT_WITHOUT_THE_DAEMON));
    }

    @ParameterizedTest
    @MethodSource("standstills")
    void shouldBeSilencedByTheKernelAndComeBackAsASecondary(Standstill standstill)
            throws Exception {
        var loser = pair.primary();
        var survivor = loser.peer();
        var pausedNanos = new AtomicLong();
        List<Answer> answers;
        try (var capture = pair.lab().captureAnswers()) {
            pair.underLoad(() -> pausedNanos.set(pauseAndTakeOver(standstill, loser)));

            assertThat(capture.answers()).extracting(Answer::from).contains(survivor);
            pair.assertEverybodyKeepsTheAddress();
            pair.node(loser).resume();
            pair.awaitHealthy();
            pair.assertEverybodyKeepsTheAddress();
            answers = capture.answers();
        }

        assertThat(pair.primary()).isEqualTo(survivor);
        assertSilence(answers, loser, pausedNanos.get(), standstill);
    }

    private static long pauseAndTakeOver(Standstill standstill, LabNode loser) throws Exception {
        for (var role : standstill.roles()) {
            pair.node(loser).pause(role);
        }
        long pausedNanos = System.nanoTime();
        pair.eventually(
                "the survivor to take the word of a person",
                () -> pair.order(loser.peer(), "confirm-fenced", "--yes", loser.label()));
        return pausedNanos;
    }

    private static void assertSilence(
            List<Answer> answers, LabNode loser, long pausedNanos, Standstill standstill) {
        long firstOfSurvivor =
                answers.stream()
                        .filter(answer -> answer.from() == loser.peer())
                        .mapToLong(Answer::atNanos)
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("the survivor never answered"));
        assertThat(answers)
                .as("answers of %s after the first one of %s", loser.label(), loser.peer().label())
                .filteredOn(answer -> answer.from() == loser)
                .filteredOn(answer -> answer.atNanos() - firstOfSurvivor > 0)
                .isEmpty();
        var last =
                answers.stream()
                        .filter(answer -> answer.from() == loser)
                        .mapToLong(answer -> answer.atNanos() - pausedNanos)
                        .max()
                        .orElseThrow(() -> new AssertionError("the loser was not heard before"));
        assertThat(Duration.ofNanos(last))
                .as("last answer of %s after it stood still", loser.label())
                .isLessThan(standstill.silentWithin());
    }
}
