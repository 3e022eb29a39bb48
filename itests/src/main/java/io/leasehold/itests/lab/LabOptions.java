package io.leasehold.itests.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.leasehold.itests.lab.network.Addresses;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

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
        return edited(draft -> draft.server = wanted);
    }

    public LabOptions withArbiter(Arbiter wanted) {
        return edited(draft -> draft.arbiter = wanted);
    }

    public LabOptions withProfile(Profile wanted) {
        return edited(draft -> draft.profile = wanted);
    }

    public LabOptions withLeaseSeconds(int wanted) {
        return edited(draft -> draft.leaseSeconds = wanted);
    }

    public LabOptions withPoolSize(int wanted) {
        return edited(draft -> draft.poolSize = wanted);
    }

    public LabOptions withFenceDelayMillis(int wanted) {
        return edited(draft -> draft.fenceDelayMillis = wanted);
    }

    public LabOptions withSeededLeases(int wanted) {
        return edited(draft -> draft.seededLeases = wanted);
    }

    public LabOptions withFaultyDisk(boolean wanted) {
        return edited(draft -> draft.faultyDisk = wanted);
    }

    public LabOptions withSettings(String... wanted) {
        return edited(draft -> draft.settings = List.of(wanted));
    }

    private LabOptions edited(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** What is about to become other options. */
    private static final class Draft {
        private Server server;
        private Arbiter arbiter;
        private Profile profile;
        private int leaseSeconds;
        private int poolSize;
        private int fenceDelayMillis;
        private int seededLeases;
        private boolean faultyDisk;
        private List<String> settings;

        private Draft(LabOptions from) {
            server = from.server;
            arbiter = from.arbiter;
            profile = from.profile;
            leaseSeconds = from.leaseSeconds;
            poolSize = from.poolSize;
            fenceDelayMillis = from.fenceDelayMillis;
            seededLeases = from.seededLeases;
            faultyDisk = from.faultyDisk;
            settings = from.settings;
        }

        private LabOptions done() {
            return new LabOptions(
                    server,
                    arbiter,
                    profile,
                    leaseSeconds,
                    poolSize,
                    fenceDelayMillis,
                    seededLeases,
                    faultyDisk,
                    settings);
        }
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
