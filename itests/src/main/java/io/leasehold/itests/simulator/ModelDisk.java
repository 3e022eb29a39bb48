package io.leasehold.itests.simulator;

import io.leasehold.blockrep.journal.JournalDirectory;
import io.leasehold.blockrep.journal.JournalFile;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.StateCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One machine's disk: the journal's files, the state of rights and the tree. It knows what was
 * synced. At a power loss any part of the rest may survive, each write torn at any byte. It can
 * fail, be full, be slow, and lose its process or its power right at an operation.
 */
final class ModelDisk implements JournalDirectory {
    /** What is wrong with it. */
    enum Fault {
        NONE,
        /** Every write and sync fails (R32). */
        FAILS,
        /** What needs new space fails; a journal of preallocated segments does not. */
        FULL
    }

    /**
     * Ends the step that is under way: its process, or its machine, is gone in the middle of it.
     */
    static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final boolean powerLost;

        private Died(boolean powerLost) {
            super(powerLost ? "power lost" : "process killed", null, false, false);
            this.powerLost = powerLost;
        }

        boolean powerLost() {
            return powerLost;
        }
    }

    private static final class Content {
        private static final int PIECE_BYTES = 1024;
        private final byte[] synced;
        private final byte[] cached;
        private final List<Write> unsynced = new ArrayList<>();

        private Content(int sizeBytes) {
            synced = new byte[sizeBytes];
            cached = new byte[sizeBytes];
        }

        private void write(ByteBuffer source, int offsetBytes) {
            int length = source.remaining();
            int from = 0;
            int to = length;
            if (unsynced.isEmpty() && source.hasArray()) {
                // Most of a superblock is as it was: only what differs is carried about.
                var bytes = source.array();
                int at = source.arrayOffset() + source.position();
                int first =
                        Arrays.mismatch(
                                bytes, at, at + length, cached, offsetBytes, offsetBytes + length);
                from = first < 0 ? length : first;
                while (to - from >= PIECE_BYTES
                        && Arrays.equals(
                                bytes,
                                at + to - PIECE_BYTES,
                                at + to,
                                cached,
                                offsetBytes + to - PIECE_BYTES,
                                offsetBytes + to)) {
                    to -= PIECE_BYTES;
                }
            }
            var changed = new byte[to - from];
            source.get(source.position() + from, changed);
            System.arraycopy(changed, 0, cached, offsetBytes + from, changed.length);
            unsynced.add(new Write(offsetBytes, length, from, changed));
        }
    }

    /**
     * @param offsetBytes where it begins
     * @param lengthBytes what a loss of power may cut it to
     * @param changedAt where in it {@code changed} begins; the rest is what the file had anyway
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Write(int offsetBytes, int lengthBytes, int changedAt, byte[] changed) {
        private void apply(byte[] to, int kept) {
            int bytes = Math.min(changed.length, kept - changedAt);
            if (bytes > 0) {
                System.arraycopy(changed, 0, to, offsetBytes + changedAt, bytes);
            }
        }
    }

    private record PatchOnDisk(Operations next, Optional<Operations> replaced) {}

    private final Chance chance;
    private final String name;
    private final boolean syncs;
    private final boolean saysThatItFails;
    private final Map<String, Content> files = new LinkedHashMap<>();
    private Optional<byte[]> rights = Optional.empty();
    private Operations tree = new Operations();
    private Optional<PatchOnDisk> patch = Optional.empty();
    private final List<Operations> branches = new ArrayList<>();
    private long treeInode = 1;
    private long lastInode = 1;
    private Fault fault = Fault.NONE;
    private long latencyNanos;
    private int dieAfterOperations = -1;
    private boolean dieByPower;

    /**
     * @param sabotage whether it lies: about a sync, or about an error
     */
    ModelDisk(Chance chance, String name, long latencyNanos, Sabotage sabotage) {
        this.chance = chance;
        this.syncs = sabotage.diskSyncs();
        this.saysThatItFails = sabotage.diskSaysThatItFails();
        this.name = name;
        this.latencyNanos = latencyNanos;
    }

    // ---- faults ----

    Fault fault() {
        return fault;
    }

    void fault(Fault next) {
        fault = next;
    }

    /** How long a flush takes. */
    long latencyNanos() {
        return chance.about(latencyNanos);
    }

    boolean isSlow() {
        return latencyNanos > 20_000_000;
    }

    void latency(long nanos) {
        latencyNanos = nanos;
    }

    /** The next operation but so many does not return: the process, or the power, is gone. */
    void dieAfter(int operations, boolean power) {
        dieAfterOperations = operations;
        dieByPower = power;
    }

    /** Nobody dies of a plan that was made for another power-on. */
    void forgetDeath() {
        dieAfterOperations = -1;
    }

    private void operation() throws IOException {
        if (dieAfterOperations >= 0 && dieAfterOperations-- == 0) {
            throw new Died(dieByPower);
        }
        if (fault == Fault.FAILS && saysThatItFails) {
            throw new IOException("Input/output error");
        }
    }

    /** The machine lost its power: the page cache is gone, but for what the disk had taken. */
    void losePower() {
        int manner = chance.below(3);
        for (var file : files.values()) {
            for (var write : file.unsynced) {
                int kept =
                        switch (manner) {
                            case 0 -> 0;
                            case 1 -> write.lengthBytes;
                            default ->
                                    chance.happens(0.5) ? 0 : chance.below(write.lengthBytes + 1);
                        };
                write.apply(file.synced, kept);
            }
            file.unsynced.clear();
            System.arraycopy(file.synced, 0, file.cached, 0, file.synced.length);
        }
        dieAfterOperations = -1;
    }

    // ---- rights ----

    Optional<DurableState> rights() {
        return rights.map(bytes -> {
            try {
                return StateCodec.decode(bytes);
            } catch (io.leasehold.heartbeat.layout.LayoutException e) {
                throw new IllegalStateException("what was written cannot be read", e);
            }
        });
    }

    /**
     * Written beside, synced, renamed: it is there whole, or not at all.
     *
     * @param durable told when it is there; whoever writes may be gone before it hears of that
     */
    void writeRights(DurableState state, Runnable durable) throws IOException {
        operation();
        if (fault == Fault.FULL) {
            throw new IOException("No space left on device");
        }
        rights = Optional.of(StateCodec.encode(state));
        durable.run();
        operation();
    }

    // ---- tree ----

    Operations tree() {
        return tree;
    }

    long treeInode() {
        return treeInode;
    }

    long newInode() {
        return ++lastInode;
    }

    /**
     * The shadow becomes the tree at one instant (R31).
     *
     * @param keep whether the old tree is set aside
     */
    void exchangeTree(Operations shadow, long inode, boolean keep) throws IOException {
        operation();
        if (keep) {
            branches.add(tree);
        }
        tree = shadow;
        treeInode = inode;
        operation();
    }

    /**
     * What is to be made of the tree, durably (ADR 17).
     *
     * @param keep whether what it replaces is set aside
     */
    void writePatch(Operations next, boolean keep) throws IOException {
        operation();
        patch = Optional.of(new PatchOnDisk(next, keep ? Optional.of(tree) : Optional.empty()));
        operation();
    }

    /** Makes it the tree; in between that is neither what it was nor what it is to be. */
    void carryOutPatch() throws IOException {
        operation();
        var from = patch.orElseThrow();
        tree = new Operations();
        operation();
        tree = from.next.copy();
        from.replaced.filter(old -> !branches.contains(old)).ifPresent(branches::add);
        operation();
    }

    /** What was set aside, oldest first. */
    List<Operations> branches() {
        return branches;
    }

    // ---- journal ----

    @Override
    public Path path() {
        return Path.of("/" + name);
    }

    @Override
    public boolean exists(String file) {
        return files.containsKey(file);
    }

    /** On the heap: nothing here is given to a kernel. */
    @Override
    public ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes);
    }

    @Override
    public JournalFile create(String file, long sizeBytes) throws IOException {
        operation();
        files.put(file, new Content((int) sizeBytes));
        return open(file);
    }

    @Override
    public JournalFile open(String file) {
        var content = Optional.ofNullable(files.get(file)).orElseThrow();
        return new JournalFile() {
            @Override
            public Path path() {
                return ModelDisk.this.path().resolve(file);
            }

            @Override
            public long sizeBytes() {
                return content.cached.length;
            }

            @Override
            public void read(ByteBuffer target, long offsetBytes) {
                target.put(content.cached, (int) offsetBytes, target.remaining());
            }

            @Override
            public void write(ByteBuffer source, long offsetBytes) throws IOException {
                operation();
                content.write(source, (int) offsetBytes);
            }

            @Override
            public void sync() throws IOException {
                operation();
                if (!syncs || fault == Fault.FAILS) {
                    return;
                }
                for (var write : content.unsynced) {
                    write.apply(content.synced, write.lengthBytes);
                }
                content.unsynced.clear();
            }

            @Override
            public void close() {}
        };
    }
}
