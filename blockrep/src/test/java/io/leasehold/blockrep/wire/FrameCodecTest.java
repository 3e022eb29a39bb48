package io.leasehold.blockrep.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Role;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.replication.Standing;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FrameCodecTest {
    private static final Lineage LINEAGE =
            Lineage.EMPTY
                    .begin(1, new Seq(1), new DeviceId(1, 2))
                    .begin(4, new Seq(77), new DeviceId(3, 4));
    private static final Root ROOT = new Root(0x1122334455667788L, 0x99aabbccddeeff00L);

    private static Standing standing() {
        return new Standing(
                new NodeName("dhcp1"),
                new DeviceId(5, 6),
                Role.PRIMARY,
                9,
                LINEAGE,
                new Seq(100),
                new Seq(98),
                ROOT,
                Optional.of(new Seq(90)));
    }

    static List<Frame> frames() {
        return Stream.concat(framesOfVersion1().stream(), framesSinceVersion3().stream()).toList();
    }

    static List<Frame> framesSinceVersion3() {
        var bytes = new byte[] {1, 2, 3};
        return List.of(
                new Frame.SharedPoint(ROOT),
                new Frame.ChangedHere(bytes, false),
                new Frame.ResyncSet(bytes, true));
    }

    static List<Frame> framesOfVersion1() {
        var bytes = new byte[] {1, 2, 3};
        return List.of(
                new Frame.StandingIs(new ClusterName("pair"), standing()),
                new Frame.ClusterMessage(bytes),
                new Frame.Alive(ROOT),
                new Frame.ReplayBegins(LINEAGE),
                new Frame.Live(),
                new Frame.InSync(true),
                new Frame.OperationIs(new RequestId(7, 8), ROOT, 3, bytes),
                new Frame.Flush(new Seq(5)),
                new Frame.Durable(ROOT),
                new Frame.Rejected("R2: too old"),
                new Frame.CompareBegins("why", true, ROOT),
                new Frame.ManifestPart(bytes, true),
                new Frame.ChunkHashes(12, 65536, new byte[64]),
                new Frame.ChunksWanted(12, 65536, 1000),
                new Frame.Chunk(12, 65536, bytes),
                new Frame.CatchUp(new RequestId(7, 8), ROOT, 3, bytes),
                new Frame.CompareEnds(ROOT, LINEAGE),
                new Frame.VerifyPiece(1, 12, 0, 1000, new byte[32]),
                new Frame.VerifyAnswer(1, false, "differs"));
    }

    private static byte[] encode(Frame frame) {
        var buffer = ByteBuffer.allocate(FrameCodec.encodedBytesMax(frame));
        FrameCodec.encode(buffer, 3, new Seq(42), frame);
        var bytes = new byte[buffer.flip().remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static Frame.Envelope decode(byte[] bytes) throws ProtocolException {
        var buffer = ByteBuffer.wrap(bytes);
        int length = FrameCodec.bodyLength(buffer.getInt());
        if (length != buffer.remaining()) {
            throw new ProtocolException("length " + length);
        }
        return FrameCodec.decode(buffer);
    }

    @ParameterizedTest
    @MethodSource("frames")
    void shouldDecodeWhatItEncodes(Frame frame) throws Exception {
        var bytes = encode(frame);

        var envelope = decode(bytes);

        assertThat(envelope.epoch()).isEqualTo(3);
        assertThat(envelope.seq()).isEqualTo(new Seq(42));
        assertThat(envelope.frame()).usingRecursiveComparison().isEqualTo(frame);
        assertThat(encode(envelope.frame())).isEqualTo(bytes);
    }

    @ParameterizedTest
    @MethodSource("frames")
    void shouldRefuseEveryTruncation(Frame frame) {
        var bytes = encode(frame);
        for (int length = 4; length < bytes.length; length++) {
            var body = ByteBuffer.wrap(bytes, 4, length - 4).slice();
            // What runs to the frame's end has no length of its own; TLS protects that one.
            try {
                var decoded = FrameCodec.decode(body);
                assertThat(endsWithBytes(decoded.frame())).isTrue();
            } catch (ProtocolException e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }

    private static boolean endsWithBytes(Frame frame) {
        return switch (frame) {
            case Frame.ClusterMessage _,
                    Frame.OperationIs _,
                    Frame.CatchUp _,
                    Frame.ManifestPart _,
                    Frame.Chunk _,
                    Frame.ChunkHashes _,
                    Frame.ChangedHere _,
                    Frame.ResyncSet _,
                    Frame.VerifyPiece _ ->
                    true;
            case Frame.StandingIs _,
                    Frame.Alive _,
                    Frame.ReplayBegins _,
                    Frame.Live _,
                    Frame.InSync _,
                    Frame.Flush _,
                    Frame.Durable _,
                    Frame.Rejected _,
                    Frame.CompareBegins _,
                    Frame.ChunksWanted _,
                    Frame.CompareEnds _,
                    Frame.SharedPoint _,
                    Frame.VerifyAnswer _ ->
                    false;
        };
    }

    @Test
    void shouldAnswerGarbageWithAnErrorAndNothingElse() {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            var bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            if (bytes.length > 3) {
                // A known type, so that its content is reached.
                bytes[0] = 0;
                bytes[1] = (byte) (1 + random.nextInt(19));
                bytes[2] = 0;
                bytes[3] = 0;
            }
            try {
                var unused = FrameCodec.decode(ByteBuffer.wrap(bytes));
            } catch (ProtocolException expected) {
                assertThat(expected.getMessage()).isNotBlank();
            }
        }
    }

    @Test
    void shouldRefuseALengthBeforeAnythingIsAllocatedForIt() {
        for (int length : new int[] {-1, 0, 19, FrameCodec.FRAME_BYTES_MAX, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> FrameCodec.bodyLength(length))
                    .isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void shouldShortenALongTextBetweenCharacters() throws Exception {
        var envelope = decode(encode(new Frame.Rejected("ä".repeat(2000))));

        assertThat(envelope.frame()).isEqualTo(new Frame.Rejected("ä".repeat(512)));
    }

    /** The bytes of a build that speaks versions 1 and 2, for ever. */
    @Test
    void shouldGreetAsVersion2AlwaysDid() throws Exception {
        var golden = HexFormat.of().parseHex("4c5348505245504c" + "0001" + "0002" + "00000000");

        assertThat(new Greeting(1, 2).encode()).isEqualTo(golden);
        assertThat(Greeting.ours().agreedWith(Greeting.decode(golden)))
                .isEqualTo(ProtocolVersion.V2);
    }

    /** And of this one. */
    @Test
    void shouldGreetAsVersion3AlwaysDid() throws Exception {
        assertThat(HexFormat.of().formatHex(Greeting.ours().encode()))
                .isEqualTo("4c5348505245504c" + "0002" + "0003" + "00000000");
    }

    @Test
    void shouldAgreeOnTheHighestCommonVersionOrSayWhichBoxIsOld() throws Exception {
        assertThat(Greeting.ours().agreedWith(new Greeting(1, 9)))
                .isEqualTo(ProtocolVersion.newest());
        assertThat(new Greeting(1, 2).agreedWith(Greeting.ours())).isEqualTo(ProtocolVersion.V2);
        assertThatThrownBy(() -> Greeting.ours().agreedWith(new Greeting(1, 1)))
                .as("two versions behind")
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("1 to 1");
        assertThatThrownBy(() -> Greeting.ours().agreedWith(new Greeting(8, 9)))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("8 to 9")
                .hasMessageContaining("upgrade");
        assertThatThrownBy(() ->
                        Greeting.decode(
                                "GET / HTTP/1.1\r\n"
                                        .getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
                .isInstanceOf(ProtocolException.class);
    }

    /**
     * The bytes of every frame of version 1, which are those of version 2, recorded from the last
     * build that spoke nothing else: what a box that is not upgraded yet sends and expects.
     */
    @ParameterizedTest
    @MethodSource("framesOfVersion1")
    void shouldSpeakVersion1AsItsLastBuildDid(Frame frame) throws Exception {
        var name = frame.getClass().getSimpleName();
        var recorded =
                Files.readAllLines(Path.of("src/test/resources/io/leasehold/blockrep/wire/v1.txt"))
                        .stream()
                        .filter(line -> line.startsWith(name + " "))
                        .toList();

        assertThat(recorded).hasSize(1);
        var golden = recorded.getFirst().substring(name.length() + 1);
        assertThat(HexFormat.of().formatHex(encode(frame))).isEqualTo(golden);
        assertThat(decode(HexFormat.of().parseHex(golden)).frame())
                .usingRecursiveComparison()
                .isEqualTo(frame);
    }

    /** The bytes of version 3, for ever. */
    @Test
    void shouldSpeakVersion3AsItAlwaysDid() {
        var place = "0000" + "0000000000000003" + "000000000000002a";

        assertThat(framesSinceVersion3())
                .extracting(frame -> HexFormat.of().formatHex(encode(frame)))
                .containsExactly(
                        "00000024" + "0014" + place + "112233445566778899aabbccddeeff00",
                        "00000018" + "0015" + place + "00010203",
                        "00000018" + "0016" + place + "01010203");
    }

    @Test
    void shouldSayItsStandingAsVersion1AlwaysDid() {
        var golden =
                "000000a2" // length
                        + "0001"
                        + "0000" // type
                        + "0000000000000003" // epoch
                        + "000000000000002a" // seq
                        + "0470616972" // cluster
                        + "056468637031" // node
                        + "00000000000000050000000000000006" // device
                        + "01" // role
                        + "0000000000000009" // promised
                        + "0002" // lineage
                        + "00000000000000010000000000000001"
                        + "00000000000000010000000000000002"
                        + "0000000000000004000000000000004d"
                        + "00000000000000030000000000000004"
                        + "0000000000000064" // last
                        + "0000000000000062" // committed
                        + "112233445566778899aabbccddeeff00" // root
                        + "000000000000005a"; // acknowledged alone

        assertThat(HexFormat.of().formatHex(encode(frames().getFirst()))).isEqualTo(golden);
    }

    @Test
    void shouldSendAnOperationAsVersion1AlwaysDid() {
        var golden =
                "0000003f"
                        + "0007"
                        + "0000"
                        + "0000000000000003"
                        + "000000000000002a"
                        + "00000000000000070000000000000008" // request
                        + "112233445566778899aabbccddeeff00" // root
                        + "0000000000000003" // writer's epoch
                        + "010203";

        assertThat(HexFormat.of().formatHex(encode(frames().get(6)))).isEqualTo(golden);
    }
}
