package io.leasehold.heartbeat.wire;

import java.nio.ByteBuffer;
import java.security.SecureRandom;

/** One run of a keeper: 128 random bits, never used twice. */
public record Incarnation(long high, long low) {
    public static final int BYTES = 16;

    public static Incarnation random(SecureRandom random) {
        return new Incarnation(random.nextLong(), random.nextLong());
    }

    static Incarnation read(ByteBuffer from) {
        return new Incarnation(from.getLong(), from.getLong());
    }

    void write(ByteBuffer to) {
        to.putLong(high).putLong(low);
    }

    byte[] toBytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }
}
