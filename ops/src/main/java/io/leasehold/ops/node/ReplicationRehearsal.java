package io.leasehold.ops.node;

import io.leasehold.blockrep.Divergence;
import io.leasehold.blockrep.ReplicatedVolume;
import io.leasehold.blockrep.VolumeConfiguration;
import io.leasehold.blockrep.VolumeFacts;
import io.leasehold.blockrep.VolumeListener;
import io.leasehold.blockrep.link.CertificateFingerprint;
import io.leasehold.blockrep.link.PinnedIdentity;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.heartbeat.linux.FuseDevice;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A pair of volumes within one process that replicates for a few seconds, so that the virtual
 * machine learns which methods a commit runs through, and a resync. Its start-up cache keeps what
 * it has learnt (JEP 515): the first commits of a daemon that has just taken over, and the resync
 * of one that has just returned, would otherwise run in the interpreter, while the compiler
 * competes with them for the processor.
 */
final class ReplicationRehearsal implements AutoCloseable {
    private static final NodeName LEFT = new NodeName("left");
    private static final NodeName RIGHT = new NodeName("right");
    private static final long EPOCH = 1;
    private static final int WRITERS = 4;

    /** Beyond what the optimizing compiler waits for before it takes a method on. */
    private static final int COMMITS_OF_EACH = 3_000;

    private static final int RECORD_BYTES = 300;

    /** How often one of the two was away while the other one wrote. */
    private static final int ABSENCES = 3;

    /** More than the ring holds, so that what was touched is copied; in pieces of a MiB. */
    private static final int CHANGED_MIB = 48;

    private static final int RING_SEGMENT_BYTES = 4 << 20;
    private static final int RING_SEGMENTS = 4;
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String PASSWORD = "rehearsal";

    private final Path directory;
    private final Place rightPlace;
    private final Copy left;
    private Copy right;

    /** Of one of the two. */
    private record Place(
            Path directory,
            NodeName self,
            NodeName peer,
            InetSocketAddress listen,
            InetSocketAddress peerAddress,
            PinnedIdentity identity) {}

    private ReplicationRehearsal(Path directory, Place leftPlace, Place rightPlace)
            throws IOException {
        this.directory = directory;
        this.rightPlace = rightPlace;
        left = new Copy(leftPlace);
        right = new Copy(rightPlace);
    }

    /**
     * Needs root, {@code /dev/fuse}, and a file system that can hold a volume. Leaves nothing
     * behind but files in {@code directory}.
     */
    static void run(Path directory)
            throws IOException, InterruptedException, GeneralSecurityException {
        var identity = identity(directory);
        var leftAddress = freeAddress();
        var rightAddress = freeAddress();
        try (var rehearsal =
                new ReplicationRehearsal(
                        directory,
                        new Place(directory, LEFT, RIGHT, leftAddress, rightAddress, identity),
                        new Place(directory, RIGHT, LEFT, rightAddress, leftAddress, identity))) {
            rehearsal.replicate();
        }
    }

    private void replicate() throws IOException, InterruptedException {
        if (!(left.volume.promote(EPOCH, Set.of(LEFT), 1, Set.of(), LIMIT)
                instanceof Promotion.Granted)) {
            throw new IOException("nobody writes");
        }
        left.awaitEstablished(true);
        var mountPoint = Files.createDirectory(directory.resolve("mount"));
        try (var device = FuseDevice.open()) {
            left.volume.mount(device.number(), mountPoint, false);
            try {
                write(mountPoint);
                for (int i = 0; i < ABSENCES; i++) {
                    returnAfterAbsence(mountPoint.resolve("changed"));
                }
            } finally {
                left.volume.unmount(true);
            }
        }
    }

    private static void write(Path mountPoint) throws IOException, InterruptedException {
        var failure = new AtomicReference<Optional<IOException>>(Optional.empty());
        var writers = new ArrayList<Thread>();
        for (int i = 0; i < WRITERS; i++) {
            var file = mountPoint.resolve("leases-" + i);
            writers.add(
                    Thread.ofPlatform()
                            .name("rehearsal-writer-" + i)
                            .start(() -> {
                                try {
                                    append(file);
                                } catch (IOException e) {
                                    failure.set(Optional.of(e));
                                }
                            }));
        }
        for (var writer : writers) {
            writer.join();
        }
        if (failure.get().isPresent()) {
            throw failure.get().get();
        }
    }

    private void returnAfterAbsence(Path file) throws IOException, InterruptedException {
        right.volume.close();
        left.awaitEstablished(false);
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int i = 0; i < CHANGED_MIB; i++) {
                var unused = channel.write(ByteBuffer.allocate(1 << 20));
            }
            channel.force(true);
        }
        right = new Copy(rightPlace);
        left.awaitEstablished(true);
    }

    private static void append(Path file) throws IOException {
        try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (int i = 0; i < COMMITS_OF_EACH; i++) {
                var unused = channel.write(ByteBuffer.allocate(RECORD_BYTES));
                channel.force(true);
            }
        }
    }

    /** One key for both: nobody else ever sees it. */
    private static PinnedIdentity identity(Path directory)
            throws IOException, InterruptedException, GeneralSecurityException {
        var file = directory.resolve("rehearsal.p12");
        var keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "node",
                                "-keyalg",
                                "EC",
                                "-groupname",
                                "secp256r1",
                                "-dname",
                                "CN=rehearsal",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                file.toString(),
                                "-storepass",
                                PASSWORD)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool failed with status " + keytool.exitValue());
        }
        var store = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        var certificate = (X509Certificate) store.getCertificate("node");
        return PinnedIdentity.fromPkcs12(file, PASSWORD, CertificateFingerprint.of(certificate));
    }

    private static InetSocketAddress freeAddress() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
        }
    }

    @Override
    public void close() {
        left.volume.close();
        right.volume.close();
    }

    /** One of the two, which wins every change of its record at once. */
    private static final class Copy implements VolumeListener {
        private final NodeName self;
        private final ReplicatedVolume volume;
        private final AtomicBoolean established = new AtomicBoolean();
        private final CountDownLatch opened = new CountDownLatch(1);

        Copy(Place place) throws IOException {
            self = place.self;
            var own = place.directory.resolve(self.value());
            var configuration =
                    new VolumeConfiguration(
                            new ClusterName("rehearsal"),
                            self,
                            place.peer,
                            own.resolve("volume"),
                            new VolumeConfiguration.JournalSize(
                                    own.resolve("journal"), RING_SEGMENT_BYTES, RING_SEGMENTS),
                            new VolumeConfiguration.Network(
                                    place.listen, place.peerAddress, place.identity),
                            VolumeConfiguration.Timing.DEFAULTS,
                            "rehearsal",
                            own.resolve("run"),
                            0);
            volume = ReplicatedVolume.open(configuration, this);
            opened.countDown();
        }

        /** Blocks until the two are in sync, or until they are not. */
        void awaitEstablished(boolean wanted) throws IOException, InterruptedException {
            long deadlineNanos = System.nanoTime() + LIMIT.toNanos();
            while (established.get() != wanted) {
                if (System.nanoTime() - deadlineNanos > 0) {
                    throw new IOException(
                            wanted
                                    ? "the two copies do not find each other"
                                    : "one of the two is gone, and the other one does not notice");
                }
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }

        @Override
        public void growWanted(Seq equalAt, Optional<VolumeFacts.FinishedResync> resync) {
            recordChanged(Set.of(LEFT, RIGHT), 2);
        }

        @Override
        public void shrinkWanted(String reason) {
            recordChanged(Set.of(self), 3);
        }

        private void recordChanged(Set<NodeName> inSync, long generation) {
            try {
                opened.await();
                volume.recordChanged(EPOCH, inSync, generation);
            } catch (IOException e) {
                System.out.println(self + ": " + e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void factsChanged(VolumeFacts facts) {
            established.set(facts.replication() == ReplicationState.ESTABLISHED);
        }

        @Override
        public void peerConnected(SessionId session, PeerFacts peer) {}

        @Override
        public void peerDisconnected(SessionId session, String reason) {}

        @Override
        public void peerMessage(SessionId session, byte[] message) {}

        @Override
        public void diskFailed(String reason) {
            System.out.println(self + ": " + reason);
        }

        @Override
        public void divergenceFound(Divergence divergence) {
            System.out.println(self + ": " + divergence);
        }
    }
}
