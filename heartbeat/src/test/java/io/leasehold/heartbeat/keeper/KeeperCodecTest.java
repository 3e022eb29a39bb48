package io.leasehold.heartbeat.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.keeper.KeeperMessage.Answer;
import io.leasehold.heartbeat.keeper.KeeperMessage.Notification;
import io.leasehold.heartbeat.keeper.KeeperMessage.Request;
import io.leasehold.heartbeat.link.LinkConfiguration;
import io.leasehold.heartbeat.link.LinkSpec;
import io.leasehold.heartbeat.link.LinkStatistics;
import io.leasehold.heartbeat.wire.Rejection;
import java.io.IOException;
import java.net.Inet4Address;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeeperCodecTest {
    private static final Inet4Address ADDRESS = Inet4Address.ofLiteral("192.0.2.7");

    static List<KeeperMessage> messages() {
        var exit = new ProcessExit("dhcpd", 4_711, new ProcessExit.Status.Killed(9), -5);
        return List.of(
                new Request.Attach(1, -17),
                new Request.GetState(),
                new Request.ConfigureSupervision(SupervisionPolicy.DEFAULT),
                new Request.ConfigureLinks(
                        new LinkConfiguration(
                                "lab",
                                "n1",
                                "n2",
                                new byte[32],
                                Duration.ofMillis(50),
                                List.of(new LinkSpec("lan", "eth0", ADDRESS, ADDRESS, 5_405)))),
                new Request.ConfigureGate(
                        new GateConfiguration(
                                List.of(new GateConfiguration.Guarded("eth0", ADDRESS)))),
                new Request.WatchInterfaces(Set.of("eth0")),
                new Request.Publish(77, new byte[] {1, 2}),
                new Request.Progress(78),
                new Request.Starting("opens journal and volume"),
                new Request.OpenGate(79),
                new Request.CloseGate(),
                new Request.HoldFuse(Path.of("/srv/dhcp")),
                new Request.ReleaseFuse(),
                new Request.Spawn(
                        new ProcessSpec(
                                "dhcpd",
                                List.of("/usr/sbin/dhcpd", "-f"),
                                Map.of("LANG", "C"),
                                Path.of("/var/log/dhcpd.log"),
                                true)),
                new Request.Signal("dhcpd", 15),
                new Request.StandDown("self-fence"),
                new Request.EndWithDaemon(),
                new Request.HoldAddress(new VirtualAddress("eth0", ADDRESS, 24)),
                new Request.ReleaseAddress(),
                new Request.ConfigureWatchdog(
                        Optional.of(new WatchdogConfiguration(Path.of("/dev/watchdog"), 10))),
                new Request.Listen(),
                new Answer.Done(),
                new Answer.Refused("no"),
                new Answer.Value(42),
                new Answer.State(
                        new KeeperState(
                                1,
                                2,
                                Optional.of(new KeeperState.HeldMount(9, Path.of("/srv/dhcp"))),
                                List.of(new KeeperState.RunningProcess("dhcpd", 4_711)),
                                List.of(exit),
                                new KeeperState.Gate.Open(80),
                                Optional.of("it hung"))),
                new Notification.BeatReceived(
                        new PeerBeat(
                                "lan",
                                new UUID(1, 2),
                                3,
                                4,
                                PeerBeat.DaemonCondition.STOOD_DOWN,
                                5,
                                new byte[] {6},
                                OptionalLong.of(7),
                                8)),
                new Notification.InterfaceChanged("eth0", true, false),
                new Notification.Statistics(
                        List.of(
                                new LinkStatistics(
                                        "lan",
                                        1,
                                        2,
                                        3,
                                        4,
                                        OptionalLong.empty(),
                                        OptionalLong.of(5),
                                        Map.of(Rejection.FORGED, 6L),
                                        "remark"))),
                new Notification.Health(new KeeperHealth(true, 20, 99)),
                new Notification.Exited(exit),
                new Notification.GateLapsed("suspended"),
                new Notification.Listened(90, 5),
                new Notification.StoodDown("silent"),
                new Notification.ShutdownRequested());
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldDecodeWhatItEncoded(KeeperMessage message) throws IOException {
        byte[] frame = KeeperCodec.encode(message);

        var decoded = KeeperCodec.decode(withoutLength(frame));

        // Some records hold arrays, which compare by identity: their bytes must be the same.
        assertThat(decoded).hasSameClassAs(message);
        assertThat(KeeperCodec.encode(decoded)).isEqualTo(frame);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldRefuseWhatIsTooShortOrTooLong(KeeperMessage message) {
        byte[] body = withoutLength(KeeperCodec.encode(message));

        for (int length = 0; length < body.length; length++) {
            byte[] cut = Arrays.copyOf(body, length);
            assertThatThrownBy(() -> KeeperCodec.decode(cut)).isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> KeeperCodec.decode(Arrays.copyOf(body, body.length + 1)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void shouldSayToTheKeeperOfTheBuildBeforeWhatThatUnderstands() throws IOException {
        var policy =
                new SupervisionPolicy(
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(99),
                        3,
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(6));

        byte[] frame =
                KeeperCodec.encode(
                        new Request.ConfigureSupervision(policy),
                        KeeperCodec.PROTOCOL_VERSION_OLDEST);

        // Length, type 3, five durations and a number: as version 3 has it.
        assertThat(frame).hasSize(4 + 1 + 5 * 8 + 4);
        assertThat(frame[4]).isEqualTo((byte) 3);
        assertThat(KeeperCodec.decode(withoutLength(frame)))
                .isEqualTo(
                        new Request.ConfigureSupervision(
                                new SupervisionPolicy(
                                        policy.daemonDeadTime(),
                                        policy.daemonHungTime(),
                                        SupervisionPolicy.DEFAULT.daemonStartLimit(),
                                        policy.restartsMax(),
                                        policy.restartWindow(),
                                        policy.restartPause(),
                                        policy.handOverTime())));
    }

    @Test
    void shouldHaveAnExampleOfEveryMessage() {
        long kinds =
                leaves(Request.Report.class)
                        + leaves(Request.Order.class)
                        + leaves(Answer.class)
                        + leaves(Notification.class)
                        // Attach and Listen.
                        + 2;

        assertThat(messages().stream().map(Object::getClass).distinct()).hasSize((int) kinds);
    }

    private static long leaves(Class<?> sealed) {
        return sealed.getPermittedSubclasses().length;
    }

    private static byte[] withoutLength(byte[] frame) {
        return Arrays.copyOfRange(frame, KeeperCodec.LENGTH_BYTES, frame.length);
    }
}
