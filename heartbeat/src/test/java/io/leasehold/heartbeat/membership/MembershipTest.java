package io.leasehold.heartbeat.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.membership.Membership.Change;
import io.leasehold.heartbeat.record.BootId;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MembershipTest {

    private static final long MS = 1_000_000L;
    private static final LinkName CABLE = new LinkName("cable");
    private static final LinkName LAN = new LinkName("lan");
    private static final BootId BOOT = new BootId("b1");
    private static final Timing TIMING =
            new Timing(50 * MS, 150 * MS, 500 * MS, 3000 * MS, 1500 * MS, 3);

    private final Membership membership =
            new Membership(
                    0,
                    TIMING,
                    List.of(new LinkConfiguration(CABLE, true), new LinkConfiguration(LAN, false)),
                    true);

    private List<Change> beat(long atMillis, LinkName link) {
        return membership.beat(atMillis * MS, link, BOOT, 0, OptionalLong.empty());
    }

    private void beats(long fromMillis, long toMillis, LinkName... links) {
        for (var at = fromMillis; at <= toMillis; at += 50) {
            for (var link : links) {
                beat(at, link);
            }
        }
    }

    @Nested
    class AfterARestartOfTheDaemon {
        private final Membership restarted =
                new Membership(
                        0,
                        TIMING,
                        List.of(new LinkConfiguration(LAN, false)), /* poweredOn */
                        false);

        /** A young process is slow to hear; a healthy peer must not be fenced for that. */
        @Test
        void shouldGiveThePeerAsLongForItsFirstWordAsThePeerGivesTheDaemon() {
            assertThat(restarted.listened(1499 * MS, 0)).isEmpty();
            assertThat(restarted.listened(1500 * MS, 0))
                    .containsExactly(new Change.PeerLost("not heard within 1500 ms"));
        }

        @Test
        void shouldNotShortenThatWhenItStoodStillBeforeTheFirstWord() {
            restarted.forget(400 * MS);
            assertThat(restarted.listened(1899 * MS, 0)).isEmpty();
            restarted.listened(1900 * MS, 0);
            assertThat(restarted.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldJudgeByDeadTimeOnceThePeerWasHeard() {
            restarted.beat(100 * MS, LAN, BOOT, 0, OptionalLong.empty());
            restarted.listened(600 * MS, 0);
            assertThat(restarted.state()).isEqualTo(PeerState.LOST);
        }
    }

    @Nested
    class AfterPowerOn {
        @Test
        void shouldNotCallThePeerLostBeforeInitDead() {
            assertThat(membership.listened(2999 * MS, 0)).isEmpty();
            assertThat(membership.state()).isEqualTo(PeerState.UNKNOWN);
            assertThat(membership.nextDeadlineNanos(0)).hasValue(3000 * MS);
            assertThat(membership.listened(3000 * MS, 0))
                    .containsExactly(new Change.PeerLost("not heard within 3000 ms"));
        }

        @Test
        void shouldBeOnlineWithTheFirstBeat() {
            assertThat(beat(10, LAN))
                    .containsExactly(
                            new Change.LinkChanged(LAN, LinkState.UP), new Change.PeerOnline(BOOT));
        }

        @Test
        void shouldNotTakeReplicationAloneForAnOnlinePeer() {
            membership.replicationHeard(10 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.UNKNOWN);
        }
    }

    @Nested
    class WhenAllLinksFallSilent {
        @Test
        void shouldSuspectAfterWarnTimeAndLoseAfterDeadTimeToTheNanosecond() {
            beats(0, 1000, CABLE, LAN);
            membership.listened(1150 * MS - 1, 0);
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
            membership.listened(1150 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.SUSPECT);
            membership.listened(1500 * MS - 1, 0);
            assertThat(membership.state()).isEqualTo(PeerState.SUSPECT);
            membership.listened(1500 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldNameItsNextDeadline() {
            beats(0, 1000, CABLE, LAN);
            assertThat(membership.nextDeadlineNanos(1000 * MS)).hasValue(1150 * MS);
            membership.listened(1150 * MS, 0);
            assertThat(membership.nextDeadlineNanos(1150 * MS)).hasValue(1500 * MS);
        }

        @Test
        void shouldNotLoseAPeerWhoseReplicationDataStillArrive() {
            beats(0, 1000, CABLE, LAN);
            membership.replicationHeard(1400 * MS);
            membership.listened(1600 * MS, 0);
            assertThat(membership.state()).as("R37").isEqualTo(PeerState.SUSPECT);
            membership.listened(1900 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldBeOnlineAgainWithOneBeat() {
            beats(0, 1000, CABLE, LAN);
            membership.listened(1500 * MS, 0);
            assertThat(beat(1600, LAN)).contains(new Change.PeerOnline(BOOT));
        }
    }

    @Nested
    class WhenOneLinkFallsSilent {
        @Test
        void shouldOnlyWarn() {
            beats(0, 1000, CABLE, LAN);
            beats(1050, 3000, CABLE);
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
            assertThat(membership.links(3000 * MS))
                    .extracting(LinkStatus::state)
                    .containsExactly(LinkState.UP, LinkState.SILENT);
            assertThat(membership.links(3000 * MS).get(1).losses()).isEqualTo(1);
        }
    }

    @Nested
    class WhenTheCableLosesItsCarrier {
        @Test
        void shouldLoseThePeerAfterAFewMissedBeatsElsewhere() {
            beats(0, 1000, CABLE, LAN);
            membership.carrier(CABLE, false);
            membership.listened(1149 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
            membership.listened(1150 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
            assertThat(membership.reason()).contains("no carrier on cable");
        }

        @Test
        void shouldKeepAPeerThatStillBeatsElsewhere() {
            beats(0, 1000, CABLE, LAN);
            membership.carrier(CABLE, false);
            beats(1050, 3000, LAN);
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
        }

        @Test
        void shouldNotBelieveASwitchedLink() {
            beats(0, 1000, CABLE, LAN);
            membership.carrier(LAN, false);
            membership.listened(1160 * MS, 0);
            assertThat(membership.state()).isNotEqualTo(PeerState.LOST);
        }
    }

    /**
     * On a busy machine beats wait in this process's queues, and deadlines pass before they come.
     */
    @Nested
    class WhenThisProcessHearsLate {
        @Test
        void shouldNotCallAPeerLostWhoseBeatsTheKeeperHolds() {
            beats(0, 1000, CABLE, LAN);
            assertThat(membership.mustListen(1149 * MS)).isFalse();
            assertThat(membership.mustListen(1600 * MS)).isTrue();
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
            // Then, late but before the keeper's answer, what had come in time.
            beats(1050, 1600, CABLE, LAN);
            assertThat(membership.listened(1600 * MS, 0)).isEmpty();
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
        }

        @Test
        void shouldCountSilenceFromWhenTheKeeperHeardAndNotFromWhenThisProcessDid() {
            beats(0, 1000, CABLE, LAN);
            // The last beats are taken in at 1400; the peer died at 1000.
            membership.listened(1500 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldNotAskAgainUntilAnswerAndNextDeadline() {
            beats(0, 1000, CABLE, LAN);
            membership.listened(1150 * MS, 0);
            assertThat(membership.mustListen(1499 * MS)).isFalse();
            assertThat(membership.nextDeadlineNanos(1499 * MS)).hasValue(1500 * MS);
            assertThat(membership.nextDeadlineNanos(1500 * MS)).isEmpty();
            assertThat(membership.mustListen(1500 * MS)).isTrue();
        }

        @Test
        void shouldNotTakeABeatFromBeforeItsOwnPauseForASignOfLife() {
            beats(0, 1000, CABLE, LAN);
            membership.forget(5000 * MS);
            beat(1050, LAN);
            assertThat(membership.state()).isEqualTo(PeerState.UNKNOWN);
        }
    }

    /** A virtual machine that is not scheduled does not hear; nor may its peer have been. */
    @Nested
    class WhenTheKeeperStoodStill {
        @Test
        void shouldNotCountAsSilenceWhatNobodyListenedTo() {
            beats(0, 1000, CABLE, LAN);
            membership.listened(1600 * MS, 400 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.SUSPECT);
            assertThat(membership.nextDeadlineNanos(1600 * MS)).hasValue(1900 * MS);
            membership.listened(1900 * MS, 400 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldCountAgainFromTheNextBeat() {
            beats(0, 1000, CABLE, LAN);
            membership.listened(1600 * MS, 400 * MS);
            beat(1650, LAN);
            membership.listened(2150 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }
    }

    @Nested
    class WhenTheDaemonHangsBehindAPunctualKeeper {
        @Test
        void shouldLoseThePeerAlthoughItsBeatsArrive() {
            beats(0, 1000, CABLE, LAN);
            membership.beat(1050 * MS, LAN, BOOT, 1500 * MS, OptionalLong.empty());
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
            membership.beat(1100 * MS, LAN, BOOT, 1501 * MS, OptionalLong.empty());
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
            assertThat(membership.isHung()).isTrue();
        }
    }

    @Nested
    class AfterAPauseOfOurOwn {
        @Test
        void shouldForgetWhatItDidNotHear() {
            beats(0, 1000, CABLE, LAN);
            membership.forget(5000 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.UNKNOWN);
            membership.listened(5499 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.UNKNOWN);
            membership.listened(5500 * MS, 0);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }
    }

    @Test
    void shouldRefuseTimesThatDoNotFitTogether() {
        assertThat(Timing.violations(50 * MS, 60 * MS, 55 * MS, 90 * MS, 10 * MS, 1))
                .extracting(Timing.Violation::key)
                .containsExactly(
                        "warn-time",
                        "dead-time",
                        "dead-time",
                        "init-dead",
                        "daemon-dead-time",
                        "early-missed-beats");
        assertThatThrownBy(() -> new Timing(1, 2, 3, 4, 5, 6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("keepalive");
    }
}
