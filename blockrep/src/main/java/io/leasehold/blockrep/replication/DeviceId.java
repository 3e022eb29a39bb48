package io.leasehold.blockrep.replication;

import java.util.HexFormat;
import java.util.random.RandomGenerator;

/** Names one copy of the volume for ever: drawn at random when its journal is created (R30). */
public record DeviceId(long high, long low) {

    public static DeviceId random(RandomGenerator random) {
        return new DeviceId(random.nextLong(), random.nextLong());
    }

    @Override
    public String toString() {
        var hex = HexFormat.of();
        return hex.toHexDigits(high) + hex.toHexDigits(low);
    }
}
