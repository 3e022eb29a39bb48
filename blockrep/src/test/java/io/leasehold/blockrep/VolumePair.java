package io.leasehold.blockrep;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.journal.DiskJournalDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.JournalDirectory;
import io.leasehold.blockrep.link.TestIdentities;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.Promotion;
import io.leasehold.blockrep.replication.Relation;
import io.leasehold.blockrep.replication.ReplicationState;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Greeting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.awaitility.Awaitility;

/**
 * Two volumes in this process, with a session over loopback. Stands in for the cluster manager:
 * wins every change of the record at once, unless told to be slow.
 */
final class VolumePair implements AutoCloseable {
    static final NodeName A = new NodeName("a");
    static final NodeName B = new NodeName("b");

    final Side a;
    final Side b;
    private final Path directory;
    private final AtomicLong epoch = new AtomicLong();

    /** Who is in sync by the record; guarded by this object. */
    private Set<NodeName> inSync = Set.of();

    VolumePair(Path directory) throws Exception {
        this(directory, Duration.ofSeconds(5));
    }

    VolumePair(Path directory, Duration replicaTimeout) throws Exception {
        this(directory, replicaTimeout, freeAddress(), freeAddress());
    }

    VolumePair(
            Path directory,
            Duration replicaTimeout,
            InetSocketAddress addressA,
            InetSocketAddress addressB)
            throws Exception {
        this(directory, replicaTimeout, addressA, addressB, Greeting.ours(), Greeting.ours());
    }

    /** A pair that is being upgraded: its sides speak other versions of the protocol. */
    VolumePair(Path directory, Greeting versionsA, Greeting versionsB) throws Exception {
        this(directory, Duration.ofSeconds(5), freeAddress(), freeAddress(), versionsA, versionsB);
    }

    private VolumePair(
            Path directory,
            Duration replicaTimeout,
            InetSocketAddress addressA,
            InetSocketAddress addressB,
            Greeting versionsA,
            Greeting versionsB)
            throws Exception {
        this.directory = directory;
        var keyA = TestIdentities.keyStore(directory.resolve("a.p12"));
        var keyB = TestIdentities.keyStore(directory.resolve("b.p12"));
        a =
                new Side(
                        A,
                        B,
                        new VolumeConfiguration.Network(
                                addressA, addressB, TestIdentities.identity(keyA, keyB), versionsA),
                        replicaTimeout);
        b =
                new Side(
                        B,
                        A,
                        new VolumeConfiguration.Network(
                                addressB, addressA, TestIdentities.identity(keyB, keyA), versionsB),
                        replicaTimeout);
    }

    static InetSocketAddress freeAddress() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
        }
    }

    long nextEpoch() {
        return epoch.incrementAndGet();
    }

    /** The record is won by a node that is in sync (R6): its epoch, unless it is not. */
    synchronized OptionalLong takeOver(Side side) {
        if (!inSync.contains(side.name)) {
            return OptionalLong.empty();
        }
        inSync = Set.of(side.name);
        return OptionalLong.of(nextEpoch());
    }

    /** The record changes by compare-and-set: not for a writer that has lost it (R5). */
    private synchronized boolean change(long ofEpoch, Set<NodeName> to) {
        if (ofEpoch != epoch.get()) {
            return false;
        }
        inSync = to;
        return true;
    }

    private synchronized void promoted(long toEpoch, Set<NodeName> to) {
        epoch.accumulateAndGet(toEpoch, Math::max);
        inSync = to;
    }

    /** Opens both, makes A the writer and waits until B is in sync. */
    void start() throws Exception {
        a.open();
        b.open();
        a.promote(nextEpoch(), Set.of(A));
        awaitInSync(a);
    }

    /** B ends, and A, its writer, has noticed that it is gone. */
    void closeB() {
        b.close();
        Awaitility.await().until(() -> !a.shrinks.isEmpty());
    }

    /** The same, but A cannot have the record shrunk: what it writes is not acknowledged. */
    void closeBWithoutShrink() {
        a.winsShrinks = false;
        closeB();
    }

    void promoteAlone(Side side) throws Exception {
        assertThat(side.promote(nextEpoch(), Set.of(side.name)))
                .isInstanceOf(Promotion.Granted.class);
    }

    void awaitInSync(Side writer) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> writer.volume().facts().replication() == ReplicationState.ESTABLISHED);
    }

    /** Waits until the other side has applied everything that the writer has. */
    void awaitApplied(Side writer, Side other) {
        writer.volume().fileSystem().applyDurable();
        var last = writer.volume().facts().last();
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(5))
                .until(() ->
                        other.volume().facts().last().equals(last)
                                && other.volume().copy.volume().applied().equals(last));
    }

    @Override
    public void close() {
        a.close();
        b.close();
    }

    /** One node: its directory, its volume while it is open, and what the volume reported. */
    final class Side implements VolumeListener {
        final NodeName name;
        final NodeName peer;
        final List<String> shrinks = new CopyOnWriteArrayList<>();
        final List<Seq> grows = new CopyOnWriteArrayList<>();
        final List<VolumeFacts.FinishedResync> resyncs = new CopyOnWriteArrayList<>();
        final List<Relation> relations = new CopyOnWriteArrayList<>();
        final List<byte[]> messages = new CopyOnWriteArrayList<>();
        final List<Divergence> divergences = new CopyOnWriteArrayList<>();
        final List<String> diskFailures = new CopyOnWriteArrayList<>();
        final List<String> endReasons = new CopyOnWriteArrayList<>();
        volatile boolean winsShrinks = true;
        volatile boolean winsGrows = true;

        /** On the volume's event thread, before anything that is reported after the message. */
        volatile Runnable onMessage = () -> {};

        private final VolumeConfiguration.Network network;
        private final Duration replicaTimeout;
        private volatile Optional<ReplicatedVolume> volume = Optional.empty();
        private volatile long writerEpoch;
        private final AtomicLong generation = new AtomicLong(1);
        int segments = 8;
        long reserveBytes;

        VolumeConfiguration.Network network() {
            return network;
        }

        Side(
                NodeName name,
                NodeName peer,
                VolumeConfiguration.Network network,
                Duration replicaTimeout) {
            this.name = name;
            this.peer = peer;
            this.network = network;
            this.replicaTimeout = replicaTimeout;
        }

        Path root() {
            return directory.resolve(name.value());
        }

        VolumeConfiguration configuration() {
            return new VolumeConfiguration(
                    new ClusterName("test"),
                    name,
                    peer,
                    root().resolve("volume"),
                    new VolumeConfiguration.JournalSize(
                            root().resolve("journal"), 4 << 20, segments),
                    network,
                    new VolumeConfiguration.Timing(replicaTimeout, Duration.ofSeconds(30)),
                    "boot-1",
                    root().resolve("run"),
                    reserveBytes);
        }

        void open() throws IOException {
            Files.createDirectories(root());
            volume = Optional.of(ReplicatedVolume.open(configuration(), this));
        }

        /** With a journal on a disk of another kind. */
        void open(JournalDirectory journal) throws IOException {
            Files.createDirectories(root());
            volume = Optional.of(ReplicatedVolume.open(configuration(), this, journal));
        }

        ReplicatedVolume volume() {
            return volume.orElseThrow();
        }

        void ifOpen(Consumer<ReplicatedVolume> action) {
            volume.ifPresent(action);
        }

        /**
         * Leaves journal and tree as SIGKILL would: what has its place is in the journal's page
         * cache, nothing else is brought anywhere. Threads that write are blocked for ever.
         */
        void crash() throws IOException {
            volume().copy.replicator.diskFailed("crash");
            volume().copy.journal.close();
            close();
        }

        /** Puts an operation behind this closed copy's history that the peer never gave it. */
        Seq appendOfItsOwn() throws IOException {
            var size = configuration().journal();
            try (var journal =
                    Journal.open(
                            new DiskJournalDirectory(size.directory()),
                            size.segmentBytes(),
                            size.segments(),
                            () -> {
                                throw new IllegalStateException("there is no journal");
                            })) {
                var operation = ByteBuffer.allocate(OperationCodec.MAX_ENCODED_BYTES);
                OperationCodec.encode(new Operation.Barrier(), operation);
                var end =
                        journal.append(
                                journal.superblock().lineage().headEpoch(),
                                RequestId.NONE,
                                operation.flip());
                journal.sync();
                return end.last();
            }
        }

        void close() {
            volume.ifPresent(ReplicatedVolume::close);
            volume = Optional.empty();
        }

        Promotion promote(long newEpoch, Set<NodeName> inSync) throws Exception {
            return promote(newEpoch, inSync, Set.of());
        }

        /** A person takes this copy, whatever the other one has acknowledged. */
        Promotion promoteByForce(long newEpoch) throws Exception {
            return promote(newEpoch, Set.of(name), Set.of(newEpoch));
        }

        private Promotion promote(long newEpoch, Set<NodeName> inSync, Set<Long> forcedEpochs)
                throws Exception {
            writerEpoch = newEpoch;
            promoted(newEpoch, inSync);
            return volume().promote(
                            newEpoch,
                            inSync,
                            generation.get(),
                            forcedEpochs,
                            Duration.ofSeconds(20));
        }

        @Override
        public void peerConnected(SessionId session, PeerFacts facts) {
            relations.add(facts.relation());
        }

        @Override
        public void peerDisconnected(SessionId session, String reason) {
            endReasons.add(reason);
        }

        @Override
        public void peerMessage(SessionId session, byte[] message) {
            messages.add(message);
            onMessage.run();
        }

        @Override
        public void shrinkWanted(String reason) {
            shrinks.add(reason);
            if (winsShrinks && change(writerEpoch, Set.of(name))) {
                recordChanged(Set.of(name));
            }
        }

        @Override
        public void growWanted(Seq equalAt, Optional<VolumeFacts.FinishedResync> resync) {
            grows.add(equalAt);
            resync.ifPresent(resyncs::add);
            if (winsGrows && change(writerEpoch, Set.of(name, peer))) {
                recordChanged(Set.of(name, peer));
            }
        }

        void recordChanged(Set<NodeName> inSync) {
            try {
                if (volume.isPresent()) {
                    volume.get().recordChanged(writerEpoch, inSync, generation.incrementAndGet());
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        @Override
        public void diskFailed(String reason) {
            diskFailures.add(reason);
        }

        @Override
        public void divergenceFound(Divergence divergence) {
            divergences.add(divergence);
        }

        @Override
        public void factsChanged(VolumeFacts facts) {}
    }
}
