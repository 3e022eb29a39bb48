package io.leasehold.heartbeat.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.controller.Phase.Purpose;
import io.leasehold.heartbeat.controller.Phase.Stage;
import io.leasehold.heartbeat.record.Epoch;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LifecycleTest {

    private static final Phase IDLE = new Phase.Idle();
    private static final Phase PROMOTING = new Phase.Promoting(new Epoch(7), false);
    private static final Phase LEADING = new Phase.Leading(false);
    private static final Phase ENDED = new Phase.Ended("shut down");
    private static final Phase LEAVING = new Phase.Leaving(5);

    private static Phase.Departing departing(Stage stage, Purpose purpose) {
        return new Phase.Departing(stage, purpose, "asked", 5);
    }

    private static Lifecycle after(List<Phase> path) {
        var lifecycle = new Lifecycle();
        path.forEach(lifecycle::become);
        return lifecycle;
    }

    record Path(List<Phase> taken, Phase forbidden) {
        static Path to(Phase forbidden, Phase... taken) {
            return new Path(List.of(taken), forbidden);
        }
    }

    static Stream<Path> forbidden() {
        var stopping = departing(Stage.STOPPING, Purpose.HAND_OVER);
        var draining = stopping.at(Stage.DRAINING);
        var demoting = stopping.at(Stage.DEMOTING);
        return Stream.of(
                // Nobody leads without a record that was won.
                Path.to(LEADING),
                Path.to(stopping),
                Path.to(new Phase.Promoting(new Epoch(8), false), PROMOTING),
                Path.to(IDLE, PROMOTING),
                Path.to(stopping, PROMOTING),
                // A writer becomes a secondary only by demoting (R17).
                Path.to(IDLE, PROMOTING, LEADING),
                Path.to(PROMOTING, PROMOTING, LEADING),
                Path.to(LEAVING, PROMOTING, LEADING),
                Path.to(draining, PROMOTING, LEADING),
                Path.to(IDLE, PROMOTING, LEADING, stopping),
                Path.to(IDLE, PROMOTING, LEADING, stopping, draining),
                // The demotion is the point of no return.
                Path.to(LEADING, PROMOTING, LEADING, stopping, demoting),
                Path.to(draining, PROMOTING, LEADING, stopping, demoting),
                Path.to(LEADING, PROMOTING, LEADING, departing(Stage.STOPPING, Purpose.DEPOSED)),
                Path.to(departing(Stage.DEMOTING, Purpose.DEPOSED), PROMOTING, LEADING, stopping),
                // Nobody is made primary again by the end of a split brain.
                Path.to(
                        LEADING,
                        PROMOTING,
                        LEADING,
                        departing(Stage.STOPPING, Purpose.SPLIT_BRAIN)),
                Path.to(IDLE, LEAVING),
                Path.to(IDLE, ENDED),
                Path.to(ENDED, ENDED));
    }

    @ParameterizedTest
    @MethodSource("forbidden")
    void shouldStopAtAForbiddenTransition(Path path) {
        var lifecycle = after(path.taken());
        var before = lifecycle.phase();

        assertThatThrownBy(() -> lifecycle.become(path.forbidden()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("forbidden transition");
        assertThat(lifecycle.phase()).isEqualTo(before);
    }

    @Test
    void shouldGoThroughAWholeLife() {
        var stopping = departing(Stage.STOPPING, Purpose.HAND_OVER);
        var lifecycle =
                after(
                        List.of(
                                PROMOTING,
                                new Phase.Promoting(new Epoch(7), true),
                                new Phase.Leading(true),
                                LEADING,
                                stopping,
                                LEADING,
                                stopping,
                                stopping.at(Stage.DRAINING),
                                stopping.at(Stage.UNMOUNTING),
                                stopping.at(Stage.DEMOTING),
                                IDLE,
                                PROMOTING,
                                departing(Stage.STOPPING, Purpose.DEPOSED),
                                departing(Stage.DEMOTING, Purpose.DEPOSED),
                                IDLE,
                                PROMOTING,
                                departing(Stage.STOPPING, Purpose.SPLIT_BRAIN),
                                departing(Stage.DEMOTING, Purpose.SPLIT_BRAIN),
                                IDLE,
                                LEAVING,
                                ENDED));

        assertThat(lifecycle.isEnded()).isTrue();
    }
}
