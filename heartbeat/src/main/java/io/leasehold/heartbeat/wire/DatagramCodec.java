package io.leasehold.heartbeat.wire;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Optional;
import java.util.UUID;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;

/**
 * Datagrams as bytes.
 *
 * <pre>
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                     magic "LHHB"                              |
 * +---------------+---------------+---------------+---------------+
 * |  version = 1  |     type      |     link      |   zero        |
 * +---------------+---------------+---------------+---------------+
 * |                                                               |
 * +                     sender's incarnation                      +
 * |                       (four words)                            |
 * +---------------------------------------------------------------+
 * |                        counter (two words)                    |
 * +---------------------------------------------------------------+
 * |                        key number                             |
 * +---------------------------------------------------------------+
 * |   sealed: the fields of Hello, Challenge or Beat, tag of 16   |
 * +---------------------------------------------------------------+
 * </pre>
 *
 * <p>ChaCha20-Poly1305 (RFC 8439); everything before the sealed part is authenticated too. The
 * nonce is {@code type, link, 0, 0, counter}; a sender counts per link and has one key per peer at
 * a time, so no nonce is used twice with a key. Belongs to one thread.
 */
final class DatagramCodec {
    static final int HEADER_BYTES = 36;
    static final int TAG_BYTES = 16;
    static final int DATAGRAM_BYTES_MAX = 1_200;

    private static final int MAGIC = 0x4c48_4842;
    private static final int TYPE_HELLO = 1;
    private static final int TYPE_CHALLENGE = 2;
    private static final int TYPE_BEAT = 3;

    private final Cipher cipher;

    DatagramCodec() {
        try {
            cipher = Cipher.getInstance("ChaCha20-Poly1305");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has ChaCha20-Poly1305", e);
        }
    }

    enum Type {
        HELLO,
        CHALLENGE,
        BEAT
    }

    /** What can be read without a key, and must not be believed before the rest was opened. */
    record Header(Type type, int link, Incarnation sender, long counter, int keyNumber) {}

    /** A header, or why there is none. */
    sealed interface Peeked {
        record Known(Header header) implements Peeked {}

        record Unknown(Rejection cause) implements Peeked {}
    }

    static Peeked peek(byte[] datagram) {
        if (datagram.length < HEADER_BYTES + TAG_BYTES || datagram.length > DATAGRAM_BYTES_MAX) {
            return new Peeked.Unknown(Rejection.TRUNCATED);
        }
        var buffer = ByteBuffer.wrap(datagram);
        int magic = buffer.getInt();
        int version = buffer.get();
        var type = type(buffer.get());
        int link = buffer.get() & 0xff;
        int zero = buffer.get();
        if (magic != MAGIC
                || version != ProtocolVersion.CURRENT.number()
                || type.isEmpty()
                || zero != 0) {
            return new Peeked.Unknown(Rejection.UNKNOWN_FORMAT);
        }
        return new Peeked.Known(
                new Header(
                        type.get(),
                        link,
                        Incarnation.read(buffer),
                        buffer.getLong(),
                        buffer.getInt()));
    }

    private static Optional<Type> type(int number) {
        return switch (number) {
            case TYPE_HELLO -> Optional.of(Type.HELLO);
            case TYPE_CHALLENGE -> Optional.of(Type.CHALLENGE);
            case TYPE_BEAT -> Optional.of(Type.BEAT);
            default -> Optional.empty();
        };
    }

    /** The datagram with that header; its type must be the body's. */
    byte[] seal(Header header, Datagram body, SecretKey key) {
        var buffer = ByteBuffer.allocate(DATAGRAM_BYTES_MAX - TAG_BYTES);
        buffer.putInt(MAGIC)
                .put((byte) ProtocolVersion.CURRENT.number())
                .put(
                        (byte)
                                switch (header.type()) {
                                    case HELLO -> TYPE_HELLO;
                                    case CHALLENGE -> TYPE_CHALLENGE;
                                    case BEAT -> TYPE_BEAT;
                                })
                .put((byte) header.link())
                .put((byte) 0);
        header.sender().write(buffer);
        buffer.putLong(header.counter()).putInt(header.keyNumber());
        write(body, buffer);
        byte[] plain = buffer.array();
        int bodyBytes = buffer.position() - HEADER_BYTES;
        var sealed = new byte[HEADER_BYTES + bodyBytes + TAG_BYTES];
        System.arraycopy(plain, 0, sealed, 0, HEADER_BYTES);
        try {
            cipher.init(Cipher.ENCRYPT_MODE, key, nonce(plain));
            cipher.updateAAD(plain, 0, HEADER_BYTES);
            cipher.doFinal(plain, HEADER_BYTES, bodyBytes, sealed, HEADER_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(
                    "a nonce is used once, and the buffer is large enough", e);
        }
        return sealed;
    }

    /** The body, or empty if the datagram was not made with that key or was changed since. */
    Optional<Datagram> open(Header header, byte[] datagram, SecretKey key) {
        byte[] body;
        try {
            cipher.init(Cipher.DECRYPT_MODE, key, nonce(datagram));
            cipher.updateAAD(datagram, 0, HEADER_BYTES);
            body = cipher.doFinal(datagram, HEADER_BYTES, datagram.length - HEADER_BYTES);
        } catch (AEADBadTagException e) {
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("key and nonce have the right size", e);
        }
        var buffer = ByteBuffer.wrap(body);
        try {
            var read =
                    switch (header.type()) {
                        case HELLO -> new Datagram.Hello(name(buffer), name(buffer), name(buffer));
                        case CHALLENGE ->
                                new Datagram.Challenge(
                                        Incarnation.read(buffer),
                                        buffer.getLong(),
                                        buffer.getLong(),
                                        buffer.getLong());
                        case BEAT -> beat(buffer);
                    };
            return buffer.hasRemaining() ? Optional.empty() : Optional.of(read);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            // Sealed with the right key and yet wrong: a program that we do not understand made it.
            return Optional.empty();
        }
    }

    private static IvParameterSpec nonce(byte[] datagram) {
        return new IvParameterSpec(
                ByteBuffer.allocate(12)
                        .put(datagram[5])
                        .put(datagram[6])
                        .putShort((short) 0)
                        .put(datagram, 24, 8)
                        .array());
    }

    private static void write(Datagram body, ByteBuffer to) {
        switch (body) {
            case Datagram.Hello(var cluster, var sender, var receiver) -> {
                putName(cluster, to);
                putName(sender, to);
                putName(receiver, to);
            }
            case Datagram.Challenge(var challenged, var generation, var high, var low) -> {
                challenged.write(to);
                to.putLong(generation).putLong(high).putLong(low);
            }
            case Datagram.Beat beat -> {
                to.putLong(beat.bootId().getMostSignificantBits())
                        .putLong(beat.bootId().getLeastSignificantBits())
                        .putLong(beat.daemonIncarnation())
                        .put(beat.condition())
                        .putLong(beat.progressAgeNanos())
                        .putLong(beat.echoCounter())
                        .putLong(beat.echoHeldNanos())
                        .putShort((short) beat.payload().length)
                        .put(beat.payload());
            }
        }
    }

    private static Datagram.Beat beat(ByteBuffer from) {
        var bootId = new UUID(from.getLong(), from.getLong());
        long daemonIncarnation = from.getLong();
        byte condition = from.get();
        long progressAgeNanos = from.getLong();
        long echoCounter = from.getLong();
        long echoHeldNanos = from.getLong();
        int length = from.getShort() & 0xffff;
        if (length != from.remaining()) {
            throw new BufferUnderflowException();
        }
        var payload = new byte[length];
        from.get(payload);
        return new Datagram.Beat(
                bootId,
                daemonIncarnation,
                condition,
                progressAgeNanos,
                echoCounter,
                echoHeldNanos,
                payload);
    }

    private static void putName(String name, ByteBuffer to) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        to.put((byte) bytes.length).put(bytes);
    }

    private static String name(ByteBuffer from) {
        var bytes = new byte[from.get() & 0xff];
        from.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
