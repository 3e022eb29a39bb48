package io.leasehold.heartbeat.controller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.Maintenance;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ClusterMessageCodecTest {

    private static final NodeName A = new NodeName("a");
    private static final Epoch FIVE = new Epoch(5);
    private static final Generation NINE = new Generation(9);

    static Stream<ClusterMessage> messages() {
        var commands =
                Stream.of(
                        new Command.Takeover(A),
                        new Command.EnterStandby(A, OptionalLong.of(7), "memory"),
                        new Command.GoOnline(A),
                        new Command.SetMaintenance(true),
                        new Command.Cleanup(Optional.of(new ResourceName("dhcp"))),
                        new Command.Cleanup(Optional.empty()),
                        new Command.Fence(A),
                        new Command.ConfirmFenced(A),
                        new Command.Restart(new ResourceName("dhcp"), "edited"));
        var results =
                Stream.of(
                        new CommandResult.Done("done"),
                        new CommandResult.Failed("failed"),
                        new CommandResult.Refused(
                                "no",
                                Rule.R6,
                                List.of(new View.Check("in-sync", false, "is not", Rule.R6))));
        var plain =
                Stream.of(
                        new ClusterMessage.Hello(
                                A,
                                new BootId("b1"),
                                3,
                                Role.PRIMARY,
                                new ClusterRecord(
                                        ArbitrationMode.FENCING,
                                        FIVE,
                                        Optional.of(A),
                                        Set.of(A),
                                        NINE,
                                        new RequestId(A, 4)),
                                FIVE,
                                Standing.UP_TO_DATE,
                                true,
                                false,
                                true,
                                new Position(77, "ab12"),
                                ArbitrationMode.FENCING),
                        new ClusterMessage.Outdated(
                                FIVE, NINE, ClusterMessage.OutdatedReason.DISK_FAILED),
                        new ClusterMessage.OutdatedNoted(FIVE, NINE),
                        new ClusterMessage.PromiseRequest(FIVE, FIVE.next(), NINE),
                        new ClusterMessage.Promised(FIVE, Standing.CONSISTENT),
                        new ClusterMessage.PromiseRefused(FIVE, FIVE.next(), "higher"),
                        new ClusterMessage.Grow(FIVE, NINE, 12),
                        new ClusterMessage.GrowAccepted(FIVE, NINE),
                        new ClusterMessage.HandOverComing(FIVE),
                        new ClusterMessage.HandOverCancelled(FIVE),
                        new ClusterMessage.HandOver(FIVE, NINE, new Position(77, "ab12")),
                        new ClusterMessage.HandOverTaken(FIVE),
                        new ClusterMessage.ServiceStarted(FIVE),
                        new ClusterMessage.ServiceFailed(FIVE, "dhcp: exit code 1"),
                        new ClusterMessage.ConfirmRequest(FIVE, 1),
                        new ClusterMessage.Confirmed(FIVE, 1),
                        new ClusterMessage.ForcedEpochs(new TreeSet<>(Set.of(FIVE))));
        return Stream.of(
                        plain,
                        commands.map(command -> new ClusterMessage.CommandForwarded(1, command)),
                        results.map(result -> new ClusterMessage.CommandAnswered(1, result)))
                .flatMap(all -> all);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void shouldReadWhatItWroteAndRefuseEveryShorterAndLongerForm(ClusterMessage message)
            throws LayoutException {
        var bytes = ClusterMessageCodec.encode(message);
        assertThat(ClusterMessageCodec.decode(bytes)).isEqualTo(message);
        for (var length = 0; length < bytes.length; length++) {
            var shorter = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> ClusterMessageCodec.decode(shorter))
                    .isInstanceOf(LayoutException.class);
        }
        assertThatThrownBy(() -> ClusterMessageCodec.decode(Arrays.copyOf(bytes, bytes.length + 1)))
                .isInstanceOf(LayoutException.class)
                .hasMessageContaining("1 more bytes");
    }

    /** Version 1, for ever: a change of these bytes needs a new version. */
    @Test
    void shouldKeepTheBytesOfVersionOne() {
        assertThat(hex(new ClusterMessage.HandOver(FIVE, NINE, new Position(77, "ab"))))
                .isEqualTo("010b00000000000000050000000000000009000000000000004d00026162");
        assertThat(
                        hex(
                                new ClusterMessage.Outdated(
                                        FIVE, NINE, ClusterMessage.OutdatedReason.TARGET)))
                .isEqualTo("01020000000000000005000000000000000901");
        assertThat(HexFormat.of().formatHex(ClusterMessageCodec.encode(announcement())))
                .isEqualTo(
                        "0164000161000262310000000000000003"
                                + "03"
                                + "00000000000000050000000000000009"
                                + "03"
                                + "0101000100"
                                + "000000000000000201");
    }

    @Test
    void shouldReadAnAnnouncementAndNothingElseForOne() throws LayoutException {
        var bytes = ClusterMessageCodec.encode(announcement());
        assertThat(ClusterMessageCodec.decodeAnnouncement(bytes)).isEqualTo(announcement());
        assertThatThrownBy(() -> ClusterMessageCodec.decode(bytes))
                .isInstanceOf(LayoutException.class)
                .hasMessageContaining("kind 100");
    }

    private static Announcement announcement() {
        return new Announcement(
                A,
                new BootId("b1"),
                3,
                Role.PRIMARY,
                FIVE,
                NINE,
                Standing.UP_TO_DATE,
                true,
                true,
                false,
                true,
                false,
                new Maintenance(2, true));
    }

    private static String hex(ClusterMessage message) {
        return HexFormat.of().formatHex(ClusterMessageCodec.encode(message));
    }
}
