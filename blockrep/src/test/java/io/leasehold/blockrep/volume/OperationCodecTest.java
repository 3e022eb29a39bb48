package io.leasehold.blockrep.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.leasehold.blockrep.volume.Operation.Access;
import io.leasehold.blockrep.volume.Operation.AllocationMode;
import io.leasehold.blockrep.volume.Operation.Barrier;
import io.leasehold.blockrep.volume.Operation.Create;
import io.leasehold.blockrep.volume.Operation.Exchange;
import io.leasehold.blockrep.volume.Operation.Fallocate;
import io.leasehold.blockrep.volume.Operation.Link;
import io.leasehold.blockrep.volume.Operation.MakeDirectory;
import io.leasehold.blockrep.volume.Operation.MakeNode;
import io.leasehold.blockrep.volume.Operation.NodeKind;
import io.leasehold.blockrep.volume.Operation.Reap;
import io.leasehold.blockrep.volume.Operation.RemoveDirectory;
import io.leasehold.blockrep.volume.Operation.RemoveXattr;
import io.leasehold.blockrep.volume.Operation.Rename;
import io.leasehold.blockrep.volume.Operation.Replaced;
import io.leasehold.blockrep.volume.Operation.SetAttributes;
import io.leasehold.blockrep.volume.Operation.SetXattr;
import io.leasehold.blockrep.volume.Operation.SymbolicLink;
import io.leasehold.blockrep.volume.Operation.Unlink;
import io.leasehold.blockrep.volume.Operation.Write;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OperationCodecTest {

    private static final long TIME = 0x0102030405060708L;
    private static final Access ACCESS = new Access(04755, 0x0a0b0c0d, -1);
    private static final FileId DIR = new FileId(2);
    private static final FileId FILE = new FileId(0x77);
    private static final Name A = Name.of("a");
    private static final Name BC = Name.of("bc");

    /** One of each kind, with the bytes that this version of the format has frozen. */
    static Stream<Arguments> golden() {
        return Stream.of(
                Arguments.of(
                        new Create(TIME, DIR, A, FILE, ACCESS),
                        "01000000 0102030405060708 0000000000000077 0000000000000002 0161 09ed 0a0b0c0d ffffffff"),
                Arguments.of(
                        new MakeDirectory(TIME, DIR, A, FILE, ACCESS),
                        "02000000 0102030405060708 0000000000000077 0000000000000002 0161 09ed 0a0b0c0d ffffffff"),
                Arguments.of(
                        new SymbolicLink(TIME, DIR, A, FILE, 1, 2, bytes("/x")),
                        "03000000 0102030405060708 0000000000000077 0000000000000002 0161 00000001 00000002 0002 2f78"),
                Arguments.of(
                        new MakeNode(TIME, DIR, A, FILE, ACCESS, NodeKind.SOCKET),
                        "04010000 0102030405060708 0000000000000077 0000000000000002 0161 09ed 0a0b0c0d ffffffff"),
                Arguments.of(
                        new Link(TIME, DIR, BC, FILE),
                        "05000000 0102030405060708 0000000000000077 0000000000000002 026263"),
                Arguments.of(
                        new Unlink(TIME, DIR, BC, FILE, true),
                        "06010000 0102030405060708 0000000000000077 0000000000000002 026263"),
                Arguments.of(
                        new RemoveDirectory(TIME, DIR, BC, FILE),
                        "07000000 0102030405060708 0000000000000077 0000000000000002 026263"),
                Arguments.of(
                        new Rename(TIME, DIR, A, FileId.ROOT, BC, FILE, Optional.empty()),
                        "08000000 0102030405060708 0000000000000077 0000000000000002 0161 0000000000000001 026263"),
                Arguments.of(
                        new Rename(
                                TIME,
                                DIR,
                                A,
                                FileId.ROOT,
                                BC,
                                FILE,
                                Optional.of(new Replaced(DIR, true))),
                        "08030000 0102030405060708 0000000000000077 0000000000000002 0161 0000000000000001 026263"
                                + " 0000000000000002"),
                Arguments.of(
                        new Exchange(TIME, DIR, A, FILE, FileId.ROOT, BC, DIR),
                        "09000000 0102030405060708 0000000000000077 0000000000000002 0161"
                                + " 0000000000000002 0000000000000001 026263"),
                Arguments.of(
                        new Write(TIME, FILE, 0x1122, bytes("lease")),
                        "0a000000 0102030405060708 0000000000000077 0000000000001122 00000005 6c65617365"),
                Arguments.of(
                        new SetAttributes(
                                TIME,
                                FILE,
                                OptionalInt.of(0644),
                                OptionalInt.of(1),
                                OptionalInt.of(2),
                                OptionalLong.of(3),
                                OptionalLong.of(-4),
                                OptionalLong.of(5)),
                        "0b3f0000 0102030405060708 0000000000000077 01a4 00000001 00000002 0000000000000003"
                                + " fffffffffffffffc 0000000000000005"),
                Arguments.of(
                        new SetXattr(TIME, FILE, bytes("user.k"), bytes("v")),
                        "0c000000 0102030405060708 0000000000000077 06757365722e6b 00000001 76"),
                Arguments.of(
                        new RemoveXattr(TIME, FILE, bytes("user.k")),
                        "0d000000 0102030405060708 0000000000000077 06757365722e6b"),
                Arguments.of(
                        new Fallocate(TIME, FILE, AllocationMode.PUNCH_HOLE, 16, 32),
                        "0e020000 0102030405060708 0000000000000077 0000000000000010 0000000000000020"),
                Arguments.of(new Reap(FILE), "0f000000 0000000000000000 0000000000000077"),
                Arguments.of(new Barrier(), "10000000 0000000000000000"));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void shouldEncodeAsFrozen(Operation operation, String hex) {
        assertThat(HexFormat.of().formatHex(OperationCodec.encode(operation)))
                .isEqualTo(hex.replace(" ", ""));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void shouldDecodeWhatItEncoded(Operation operation, String hex)
            throws MalformedOperationException {
        var bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        assertThat(OperationCodec.decode(ByteBuffer.wrap(bytes))).isEqualTo(operation);
        assertThat(OperationCodec.encodedBytes(operation)).isEqualTo(bytes.length);
    }

    @ParameterizedTest
    @MethodSource("golden")
    void shouldRefuseEveryShorterOrLongerForm(Operation operation, String hex) {
        var bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        for (int length = 0; length <= bytes.length + 1; length++) {
            if (length == bytes.length) {
                continue;
            }
            var wrong = ByteBuffer.wrap(java.util.Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> OperationCodec.decode(wrong))
                    .as("%s cut to %d bytes", operation, length)
                    .isInstanceOf(MalformedOperationException.class);
        }
    }

    /**
     * Whatever the bytes are: an operation that encodes to the same bytes, or the one exception.
     */
    @ParameterizedTest
    @MethodSource("golden")
    void shouldSurviveAnyDamage(Operation operation, String hex) {
        long seed = operation.hashCode();
        var random = new Random(seed);
        var good = HexFormat.of().parseHex(hex.replace(" ", ""));
        for (int round = 0; round < 2_000; round++) {
            var damaged = good.clone();
            for (int hits = 1 + random.nextInt(3); hits > 0; hits--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                var decoded = OperationCodec.decode(ByteBuffer.wrap(damaged));
                assertThat(OperationCodec.encode(decoded)).as("seed %d", seed).isEqualTo(damaged);
            } catch (MalformedOperationException expected) {
                assertThat(expected).hasMessageContaining("at byte");
            }
        }
    }

    @Test
    void shouldNameThePlaceOfADamage() {
        var bytes = OperationCodec.encode(new Write(TIME, FILE, 0, bytes("lease")));
        bytes[31] = 6;
        assertThatThrownBy(() -> OperationCodec.decode(ByteBuffer.wrap(bytes)))
                .hasMessage(
                        "operation is malformed at byte 32: as many bytes as the length says expected (6 bytes),"
                                + " 5 bytes left");
    }

    @Test
    void shouldHoldTheLargestWrite() throws MalformedOperationException {
        var largest =
                new Write(
                        TIME,
                        FILE,
                        Long.MAX_VALUE - Operation.MAX_WRITE_BYTES,
                        Bytes.copyOf(new byte[Operation.MAX_WRITE_BYTES]));
        var bytes = OperationCodec.encode(largest);
        assertThat(bytes.length).isLessThanOrEqualTo(OperationCodec.MAX_ENCODED_BYTES);
        assertThat(OperationCodec.decode(ByteBuffer.wrap(bytes))).isEqualTo(largest);
    }

    private static Bytes bytes(String text) {
        return Bytes.copyOf(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
