package io.leasehold.heartbeat.linux;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Integers in network byte order, at any address. */
final class BigEndian {
    static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private BigEndian() {}
}
