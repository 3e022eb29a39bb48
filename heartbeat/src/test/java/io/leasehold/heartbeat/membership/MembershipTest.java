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
            assertThat(restarted.advance(1499 * MS)).isEmpty();
            assertThat(restarted.advance(1500 * MS))
                    .containsExactly(new Change.PeerLost("not heard within 1500 ms"));
        }

        @Test
        void shouldNotShortenThatWhenItStoodStillBeforeTheFirstWord() {
            restarted.forget(400 * MS);
            assertThat(restarted.advance(1899 * MS)).isEmpty();
            restarted.advance(1900 * MS);
            assertThat(restarted.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldJudgeByDeadTimeOnceThePeerWasHeard() {
            restarted.beat(100 * MS, LAN, BOOT, 0, OptionalLong.empty());
            restarted.advance(600 * MS);
            assertThat(restarted.state()).isEqualTo(PeerState.LOST);
        }
    }

    @Nested
    class AfterPowerOn {
        @Test
        void shouldNotCallThePeerLostBeforeInitDead() {
            assertThat(membership.advance(2999 * MS)).isEmpty();
            assertThat(membership.state()).isEqualTo(PeerState.UNKNOWN);
            assertThat(membership.nextDeadlineNanos(0)).hasValue(3000 * MS);
            assertThat(membership.advance(3000 * MS))
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
            membership.advance(1150 * MS - 1);
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
            membership.advance(1150 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.SUSPECT);
            membership.advance(1500 * MS - 1);
            assertThat(membership.state()).isEqualTo(PeerState.SUSPECT);
            membership.advance(1500 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldNameItsNextDeadline() {
            beats(0, 1000, CABLE, LAN);
            assertThat(membership.nextDeadlineNanos(1000 * MS)).hasValue(1150 * MS);
            assertThat(membership.nextDeadlineNanos(1150 * MS)).hasValue(1500 * MS);
        }

        @Test
        void shouldNotLoseAPeerWhoseReplicationDataStillArrive() {
            beats(0, 1000, CABLE, LAN);
            membership.replicationHeard(1400 * MS);
            membership.advance(1600 * MS);
            assertThat(membership.state()).as("R37").isEqualTo(PeerState.SUSPECT);
            membership.advance(1900 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
        }

        @Test
        void shouldBeOnlineAgainWithOneBeat() {
            beats(0, 1000, CABLE, LAN);
            membership.advance(1500 * MS);
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
            membership.carrier(1010 * MS, CABLE, false);
            membership.advance(1149 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
            membership.advance(1150 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.LOST);
            assertThat(membership.reason()).contains("no carrier on cable");
        }

        @Test
        void shouldKeepAPeerThatStillBeatsElsewhere() {
            beats(0, 1000, CABLE, LAN);
            membership.carrier(1010 * MS, CABLE, false);
            beats(1050, 3000, LAN);
            assertThat(membership.state()).isEqualTo(PeerState.ONLINE);
        }

        @Test
        void shouldNotBelieveASwitchedLink() {
            beats(0, 1000, CABLE, LAN);
            membership.carrier(1010 * MS, LAN, false);
            membership.advance(1160 * MS);
            assertThat(membership.state()).isNotEqualTo(PeerState.LOST);
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
            membership.advance(5499 * MS);
            assertThat(membership.state()).isEqualTo(PeerState.UNKNOWN);
            membership.advance(5500 * MS);
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
