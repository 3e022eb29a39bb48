package io.leasehold.itests.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.leasehold.itests.lab.network.Addresses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What kind of lab is wanted.
 *
 * @param leaseSeconds lease time of every client
 * @param poolSize addresses for clients on the LAN
 * @param fenceDelayMillis how long the fence device takes to cut the power
 * @param seededLeases leases that are there from the start, for clients that remember them; for
 *     tables that would take minutes to fill
 * @param faultyDisk whether the servers' disks can lose unsynced writes, fail and be slow
 * @param settings of the pair's configuration, {@code KEY = VALUE} each, besides or instead of the
 *     lab's own
 */
public record LabOptions(
        Server server,
        Arbiter arbiter,
        Profile profile,
        int leaseSeconds,
        int poolSize,
        int fenceDelayMillis,
        int seededLeases,
        boolean faultyDisk,
        List<String> settings) {

    /** What runs on dhcp1 and dhcp2. */
    public enum Server {
        /** The pair that this project is about. */
        LEASEHOLD,
        /**
         * Stock dhcpd with the VIP on dhcp1, its leases on that box's own disk: what it is compared
         * with.
         */
        PLAIN
    }

    /** Who decides which box may serve. */
    public enum Arbiter {
        FENCING,
        OPERATOR,
        /** An ensemble of the two boxes and {@code witness}; no fence device. */
        ZOOKEEPER
    }

    /** How soon a silent peer is suspected. */
    public enum Profile {
        /** What the configuration has if nothing is said. */
        DEFAULT,
        /** As fast as this machine's scheduling allows. */
        FAST
    }

    public static final LabOptions DEFAULT =
            new LabOptions(
                    Server.LEASEHOLD,
                    Arbiter.FENCING,
                    Profile.DEFAULT,
                    3600,
                    4096,
                    50,
                    0,
                    false,
                    List.of());

    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    public LabOptions {
        if (leaseSeconds < 10) {
            throw new IllegalArgumentException("a lease of less than 10 s is of no use");
        }
        var _ = Addresses.poolLast(poolSize);
        if (seededLeases < 0 || seededLeases > poolSize) {
            throw new IllegalArgumentException(
                    "%d leases do not fit into a pool of %d".formatted(seededLeases, poolSize));
        }
        if (fenceDelayMillis < 0) {
            throw new IllegalArgumentException("a negative fence delay");
        }
        settings = List.copyOf(settings);
    }

    public static LabOptions plain() {
        return DEFAULT.withServer(Server.PLAIN);
    }

    public LabOptions withServer(Server wanted) {
        return new LabOptions(
                wanted,
                arbiter,
                profile,
                leaseSeconds,
                poolSize,
                fenceDelayMillis,
                seededLeases,
                faultyDisk,
                settings);
    }

    public LabOptions withArbiter(Arbiter wanted) {
        return new LabOptions(
                server,
                wanted,
                profile,
                leaseSeconds,
                poolSize,
                fenceDelayMillis,
                seededLeases,
                faultyDisk,
                settings);
    }

    public LabOptions withProfile(Profile wanted) {
        return new LabOptions(
                server,
                arbiter,
                wanted,
                leaseSeconds,
                poolSize,
                fenceDelayMillis,
                seededLeases,
                faultyDisk,
                settings);
    }

    public LabOptions withLeaseSeconds(int wanted) {
        return new LabOptions(
                server,
                arbiter,
                profile,
                wanted,
                poolSize,
                fenceDelayMillis,
                seededLeases,
                faultyDisk,
                settings);
    }

    public LabOptions withPoolSize(int wanted) {
        return new LabOptions(
                server,
                arbiter,
                profile,
                leaseSeconds,
                wanted,
                fenceDelayMillis,
                seededLeases,
                faultyDisk,
                settings);
    }

    public LabOptions withFenceDelayMillis(int wanted) {
        return new LabOptions(
                server,
                arbiter,
                profile,
                leaseSeconds,
                poolSize,
                wanted,
                seededLeases,
                faultyDisk,
                settings);
    }

    public LabOptions withSeededLeases(int wanted) {
        return new LabOptions(
                server,
                arbiter,
                profile,
                leaseSeconds,
                poolSize,
                fenceDelayMillis,
                wanted,
                faultyDisk,
                settings);
    }

    public LabOptions withFaultyDisk(boolean wanted) {
        return new LabOptions(
                server,
                arbiter,
                profile,
                leaseSeconds,
                poolSize,
                fenceDelayMillis,
                seededLeases,
                wanted,
                settings);
    }

    public LabOptions withSettings(String... wanted) {
        return new LabOptions(
                server,
                arbiter,
                profile,
                leaseSeconds,
                poolSize,
                fenceDelayMillis,
                seededLeases,
                faultyDisk,
                List.of(wanted));
    }

    static LabOptions read(Path file) throws IOException {
        return JSON.readValue(file.toFile(), LabOptions.class);
    }

    void write(Path file) throws IOException {
        JSON.writeValue(file.toFile(), this);
    }

    /** An option's value as it is written on a command line. */
    public static String label(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
