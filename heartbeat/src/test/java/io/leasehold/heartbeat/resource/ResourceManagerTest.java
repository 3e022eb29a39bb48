package io.leasehold.heartbeat.resource;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.resource.ResourceManager.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ResourceManagerTest {

    private static final ResourceName VOLUME = new ResourceName("volume");
    private static final ResourceName DHCP = new ResourceName("dhcp");
    private static final ResourceName ARP = new ResourceName("arp");

    private final ResourceManager manager =
            new ResourceManager(
                    List.of(
                            resource(VOLUME, false, 0, false),
                            resource(DHCP, false, 10, false),
                            resource(ARP, true, 0, true)));
    private long now;

    private static ResourceConfiguration resource(
            ResourceName name, boolean gate, long monitor, boolean mayFail) {
        return new ResourceConfiguration(name, gate, 100, 50, monitor, 5, 2, 1000, mayFail);
    }

    /** Answers every start and stop with success, in order, until nothing is asked any more. */
    private List<String> playing(List<Step> steps) {
        var done = new ArrayList<String>();
        var open = new ArrayList<>(steps);
        while (!open.isEmpty()) {
            switch (open.removeFirst()) {
                case Step.Start(var action, var name, _, _) -> {
                    done.add("start " + name);
                    open.addAll(manager.started(now, action, name));
                }
                case Step.Stop(var action, var name, _) -> {
                    done.add("stop " + name);
                    open.addAll(manager.stopped(now, action, name));
                }
                case Step.CloseGate() -> done.add("gate shut");
                case Step.AllStarted() -> done.add("all started");
                case Step.StoppedDownTo(var wanted) -> done.add("down to " + wanted);
                case Step.Failed(var name, _, var failures) ->
                        done.add(name + " failed " + failures);
                case Step.HeldUp(var name, _) -> done.add(name + " held up");
                case Step.Blocked(var name, _) -> done.add(name + " blocked");
                case Step.StopFailed(var name, _) -> done.add(name + " stop failed");
                case Step.Monitor(_, var name, _) -> done.add("monitor " + name);
            }
        }
        return done;
    }

    private void startAll() {
        playing(manager.want(now, 3, false));
        playing(manager.gateOpened(now));
    }

    @Nested
    class Ordered {
        @Test
        void shouldStartUpToTheGateThenWaitForIt() {
            assertThat(playing(manager.want(now, 3, false)))
                    .containsExactly("start volume", "start dhcp");
            assertThat(manager.gateWanted()).isTrue();
            assertThat(playing(manager.gateOpened(now)))
                    .containsExactly("start arp", "all started");
        }

        @Test
        void shouldShutTheGateBeforeItStopsInReverse() {
            startAll();
            assertThat(playing(manager.want(now, 1, false)))
                    .containsExactly("gate shut", "stop arp", "stop dhcp", "down to 1");
            assertThat(playing(manager.want(now, 0, false)))
                    .containsExactly("stop volume", "down to 0");
            assertThat(manager.isAllStopped()).isTrue();
        }
    }

    @Nested
    class WhenDhcpFails {
        @Test
        void shouldRestartItAndWhatStandsOnItWithTheGateShut() {
            startAll();
            assertThat(playing(manager.failed(now, DHCP, "exit 139")))
                    .containsExactly(
                            "dhcp failed 1", "gate shut", "stop arp", "stop dhcp", "start dhcp");
        }

        @Test
        void shouldBlockItAfterMigrationThreshold() {
            startAll();
            playing(manager.failed(now, DHCP, "exit 139"));
            playing(manager.gateOpened(now));
            assertThat(playing(manager.failed(now, DHCP, "exit 139")))
                    .containsExactly(
                            "dhcp failed 2", "gate shut", "stop arp", "stop dhcp", "dhcp blocked");
            assertThat(manager.isBlocked()).isTrue();
            assertThat(manager.failures()).isEqualTo(Map.of("dhcp", 2));
        }

        @Test
        void shouldForgetTheFailureAfterItsTimeAndStartAgain() {
            shouldBlockItAfterMigrationThreshold();
            assertThat(manager.nextDeadlineNanos()).hasValue(1000);
            now = 1000;
            assertThat(playing(manager.advance(now))).containsExactly("start dhcp");
        }

        @Test
        void shouldTryAgainAfterACleanup() {
            shouldBlockItAfterMigrationThreshold();
            assertThat(playing(manager.cleanup(now, Set.of(DHCP)))).containsExactly("start dhcp");
            assertThat(manager.failures()).isEmpty();
        }
    }

    @Nested
    class WhenAnActionDoesNotEnd {
        @Test
        void shouldTakeASlowStartForAFailureAndStopItFirst() {
            var start = (Step.Start) manager.want(now, 3, false).getFirst();
            now = 100;
            assertThat(manager.advance(now)).as("the shell tells why").isEmpty();
            now += ResourceManager.ANSWER_GRACE_NANOS;
            var steps = manager.advance(now);
            assertThat(steps).first().isInstanceOf(Step.Failed.class);
            assertThat(steps)
                    .filteredOn(Step.Stop.class::isInstance)
                    .as("before it is tried again")
                    .hasSize(1);
            assertThat(manager.started(now, start.action(), VOLUME)).as("too late").isEmpty();
        }

        @Test
        void shouldNeverReportAStopThatFailedAsStopped() {
            startAll();
            manager.want(now, 0, false);
            now = 50;
            assertThat(playing(manager.advance(now))).containsExactly("arp stop failed");
            assertThat(manager.isAllStopped()).isFalse();
            assertThat(manager.want(now, 0, false)).as("never repeated").isEmpty();
        }
    }

    @Nested
    class Monitoring {
        @Test
        void shouldAskAtItsIntervalAndCountSilenceAsFailure() {
            startAll();
            assertThat(manager.nextDeadlineNanos()).hasValue(10);
            now = 10;
            assertThat(playing(manager.advance(now))).containsExactly("monitor dhcp");
            now = 15;
            assertThat(manager.advance(now)).as("the shell tells why").isEmpty();
            now += ResourceManager.ANSWER_GRACE_NANOS;
            assertThat(playing(manager.advance(now))).contains("dhcp failed 1", "start dhcp");
        }

        @Test
        void shouldAskNothingInMaintenance() {
            startAll();
            manager.monitor(now, false);
            now = 1000;
            assertThat(manager.advance(now)).isEmpty();
        }
    }

    /** R4: dhcpd waits in its write, and answers nobody. */
    @Nested
    class WhenWritesAreHeldUp {
        private ActionId asked = new ActionId(-1);

        @BeforeEach
        void start() {
            startAll();
            ask();
        }

        private void ask() {
            now += 10;
            asked = ((Step.Monitor) manager.advance(now).getFirst()).action();
        }

        private List<String> unansweredAfter(long nanos, OptionalLong heldUpNanos) {
            now += nanos;
            return playing(
                    manager.monitored(
                            now, asked, DHCP, new Health.Unanswered("silence", heldUpNanos)));
        }

        @Test
        void shouldConcludeNothingFromASilenceDuringWhichTheyWere() {
            long thawedNanos = now;

            assertThat(unansweredAfter(4, OptionalLong.of(thawedNanos)))
                    .containsExactly("dhcp held up");
            assertThat(manager.failures()).isEmpty();
            assertThat(manager.status().get(1).remark()).contains("held up");
        }

        @Test
        void shouldFindAServerThatHangsFromThenOn() {
            long thawedNanos = now;
            unansweredAfter(4, OptionalLong.of(thawedNanos));
            ask();

            assertThat(unansweredAfter(4, OptionalLong.of(thawedNanos)))
                    .contains("dhcp failed 1", "stop dhcp", "start dhcp");
        }

        @Test
        void shouldCountASilenceThatBeganAfterIt() {
            assertThat(unansweredAfter(4, OptionalLong.of(now - 1))).contains("dhcp failed 1");
        }

        @Test
        void shouldCountASilenceWithoutAnyDelay() {
            assertThat(unansweredAfter(4, OptionalLong.empty())).contains("dhcp failed 1");
        }

        @Test
        void shouldSayItOnceAndGoOnAsking() {
            unansweredAfter(4, OptionalLong.of(now));
            ask();

            assertThat(unansweredAfter(4, OptionalLong.of(now))).isEmpty();
        }

        @Test
        void shouldSayItAgainAfterAnAnswer() {
            unansweredAfter(4, OptionalLong.of(now));
            ask();
            assertThat(manager.monitored(now, asked, DHCP, new Health.Good())).isEmpty();
            assertThat(manager.status().get(1).remark()).isEmpty();
            ask();

            assertThat(unansweredAfter(4, OptionalLong.of(now))).containsExactly("dhcp held up");
        }

        @Test
        void shouldRestartAServerThatDied() {
            assertThat(
                            playing(
                                    manager.monitored(
                                            now, asked, DHCP, new Health.Failed("no process"))))
                    .contains("dhcp failed 1", "start dhcp");
        }
    }

    /** R4: dhcpd writes its lease file anew when it starts, and waits in that. */
    @Nested
    class WhenWritesAreHeldUpDuringAStart {
        private List<String> unanswered(boolean oneAttempt, OptionalLong heldUpNanos) {
            var volume = (Step.Start) manager.want(now, 3, oneAttempt).getFirst();
            var dhcp = (Step.Start) manager.started(now, volume.action(), VOLUME).getFirst();
            now += 100;
            return playing(
                    manager.startUnanswered(
                            now,
                            dhcp.action(),
                            DHCP,
                            new Health.Unanswered("silence", heldUpNanos)));
        }

        @Test
        void shouldTryAgainAndCountNothing() {
            assertThat(unanswered(false, OptionalLong.of(0)))
                    .containsExactly("dhcp held up", "gate shut", "stop dhcp", "start dhcp");
            assertThat(manager.failures()).isEmpty();
            assertThat(manager.status().get(1).remark()).isEmpty();
        }

        @Test
        void shouldNotGiveUpThoughThereIsOneAttempt() {
            manager.recover(now, Set.of(), Map.of("dhcp", 1));

            assertThat(unanswered(true, OptionalLong.of(50))).endsWith("start dhcp");
            assertThat(manager.isBlocked()).isFalse();
        }

        @Test
        void shouldCountOneThatTheyDidNotTouch() {
            now = 200;

            assertThat(unanswered(false, OptionalLong.of(199)))
                    .contains("dhcp failed 1", "start dhcp");
        }

        @Test
        void shouldCountOneWithoutAnyDelay() {
            assertThat(unanswered(false, OptionalLong.empty())).contains("dhcp failed 1");
        }

        @Test
        void shouldCountAFailureAfterIt() {
            unanswered(false, OptionalLong.of(50));

            assertThat(playing(manager.failed(now, DHCP, "exit code 1"))).contains("dhcp failed 1");
        }
    }

    @Nested
    class AfterARestartOfTheDaemon {
        @Test
        void shouldLeaveWhatRunsAloneUntilItIsDecided() {
            manager.recover(now, Set.of(VOLUME, DHCP), Map.of());
            assertThat(manager.isAllStopped()).isFalse();
            assertThat(manager.gateWanted()).isFalse();
        }

        @Test
        void shouldAdoptWhatRuns() {
            manager.recover(now, Set.of(VOLUME, DHCP), Map.of());
            assertThat(manager.want(now, 3, false))
                    .singleElement()
                    .isInstanceOfSatisfying(
                            Step.Start.class, start -> assertThat(start.adopt()).isTrue());
        }

        @Test
        void shouldShutTheUnknownGateBeforeItStopsWhatRuns() {
            manager.recover(now, Set.of(VOLUME, DHCP), Map.of());
            assertThat(playing(manager.want(now, 0, false)))
                    .as("H12")
                    .containsExactly("gate shut", "stop dhcp", "stop volume", "down to 0");
        }
    }
}
