package io.leasehold.itests.exhaustive;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.replication.Event;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Change;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Proof;
import io.leasehold.heartbeat.record.Ruling;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExplorerTest {
    private static final int STATES = 100_000;
    private static final ArbitrationMode F = ArbitrationMode.FENCING;
    private static final ArbitrationMode W = ArbitrationMode.ZOOKEEPER;

    private static Explorer.Answer explore(Explorer.Question question, Mutation mutation) {
        return Explorer.explore(question, mutation, _ -> {});
    }

    @ParameterizedTest
    @EnumSource(
            value = ArbitrationMode.class,
            names = {"FENCING", "ZOOKEEPER"})
    void shouldFindNothingWithOneOfEachFault(ArbitrationMode mode) {
        var answer = explore(Explorer.Question.oneOfEach(mode, STATES), Mutation.NONE);
        assertThat(answer.broken()).isEmpty();
        assertThat(answer.states()).isEqualTo(STATES);
    }

    /** Those of which the whole space is small enough. */
    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {
                "MESSAGE_LOST",
                "MESSAGE_LATE",
                "MESSAGE_DUPLICATED",
                "TAKEOVER",
                "LAG",
                "WITNESS"
            })
    void shouldComeToTheEndWithOneFault(Fault fault) {
        var mode = fault == Fault.WITNESS ? W : F;
        var answer =
                explore(
                        new Explorer.Question(mode, 1, EnumSet.of(fault), 1, STATES),
                        Mutation.NONE);
        assertThat(answer.broken()).isEmpty();
        assertThat(answer.complete()).isTrue();
    }

    @Test
    void shouldBeTheSameEachTime() {
        var question = new Explorer.Question(F, 1, EnumSet.of(Fault.MESSAGE_LATE), 1, STATES);
        var first = explore(question, Mutation.NONE);
        var second = explore(question, Mutation.NONE);
        assertThat(second.states()).isEqualTo(first.states());
        assertThat(second.transitions()).isEqualTo(first.transitions());
    }

    @Test
    void shouldTellTheWayToACheckThatFails() {
        var found =
                explore(
                        new Explorer.Question(F, 1, EnumSet.of(Fault.CRASH), 1, STATES),
                        new Mutation() {
                            @Override
                            public List<Event> volumeEvents(Volume volume, Event happened) {
                                if (happened instanceof Event.SessionClosed) {
                                    throw new IllegalStateException("nobody goes");
                                }
                                return List.of(happened);
                            }
                        });
        assertThat(found.broken()).isPresent();
        assertThat(found.broken().get().rule()).isEqualTo("check");
        assertThat(found.broken().get().sentence()).contains("nobody goes");
        assertThat(found.broken().get().trace()).isNotEmpty();
    }

    @Nested
    class WhenARuleIsBroken {

        /** R3. */
        @Test
        void shouldFindAPrimaryThatAcknowledgesWithoutItsPeer() {
            var found =
                    explore(
                            new Explorer.Question(F, 1, EnumSet.of(Fault.CRASH), 1, STATES),
                            new Mutation() {
                                @Override
                                public List<Event> volumeEvents(Volume volume, Event happened) {
                                    var session = volume.machine().session();
                                    return happened instanceof Event.FlushWanted(var upTo)
                                                    && session.isPresent()
                                            ? List.of(
                                                    happened,
                                                    new Event.PeerDurable(
                                                            session.get(),
                                                            upTo,
                                                            Event.RootCheck.EQUAL))
                                            : List.of(happened);
                                }
                            });
            assertThat(found.broken()).isPresent();
            assertThat(found.broken().get().rule()).isIn("I1", "I2", "I4");
            assertThat(found.broken().get().trace()).hasSizeGreaterThan(2);
        }

        /** R7, R37. */
        @Test
        void shouldFindAPromotionWithoutAProof() {
            var found =
                    explore(
                            Explorer.Question.oneOfEach(F, STATES),
                            new Mutation() {
                                @Override
                                public Arbiter arbiter(Arbiter honest) {
                                    return new SilenceIsProof(honest);
                                }
                            });
            assertThat(found.broken()).isPresent();
            assertThat(found.broken().get().rule()).isIn("I1", "I2", "I3", "R1");
        }

        private record SilenceIsProof(Arbiter honest) implements Arbiter {
            @Override
            public ArbitrationMode mode() {
                return honest.mode();
            }

            @Override
            public Ruling rule(Change change, DurableState state, Optional<Proof> proof) {
                return honest.rule(
                        change,
                        state,
                        proof.or(() ->
                                Optional.of(
                                        new Proof.PowerReadOff(
                                                state.record().epoch(),
                                                state.record().gen(),
                                                "nothing is heard"))));
            }
        }
    }
}
