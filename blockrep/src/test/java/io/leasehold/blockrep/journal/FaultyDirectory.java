package io.leasehold.blockrep.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * A disk in memory. It knows what was synced; at a power loss any subset of the rest may survive,
 * the last write torn at any byte. It can fail, and bits can be flipped.
 */
public final class FaultyDirectory implements JournalDirectory {
    private final Map<String, Content> files = new TreeMap<>();
    private Optional<String> failWritesWith = Optional.empty();
    private Optional<String> failSyncsWith = Optional.empty();
    private OptionalInt writesLeft = OptionalInt.empty();

    /** One write that no sync covers yet. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    public record Unsynced(String file, long offsetBytes, byte[] bytes) {}

    /** What of an unsynced write survives. */
    @FunctionalInterface
    public interface Survival {
        /** The number of the write's first bytes that reach the disk. */
        int survivingBytes(int index, Unsynced write);
    }

    private static final class Content {
        private byte[] synced;
        private byte[] cached;

        Content(int sizeBytes) {
            synced = new byte[sizeBytes];
            cached = new byte[sizeBytes];
        }
    }

    private final List<Unsynced> unsynced = new ArrayList<>();

    @Override
    public Path path() {
        return Path.of("/faulty");
    }

    @Override
    public boolean exists(String name) {
        return files.containsKey(name);
    }

    @Override
    public JournalFile create(String name, long sizeBytes) {
        files.put(name, new Content((int) sizeBytes));
        return open(name);
    }

    @Override
    public JournalFile open(String name) {
        var content = Optional.ofNullable(files.get(name)).orElseThrow();
        return new JournalFile() {
            @Override
            public Path path() {
                return FaultyDirectory.this.path().resolve(name);
            }

            @Override
            public long sizeBytes() {
                return content.synced.length;
            }

            @Override
            public void read(ByteBuffer target, long offsetBytes) {
                target.put(content.cached, (int) offsetBytes, target.remaining());
            }

            @Override
            public void write(ByteBuffer source, long offsetBytes) throws IOException {
                if (failWritesWith.isPresent()) {
                    throw new IOException(failWritesWith.get());
                }
                if (writesLeft.isPresent() && writesLeft.getAsInt() == 0) {
                    throw new IOException("the power is gone");
                }
                writesLeft =
                        writesLeft.isPresent()
                                ? OptionalInt.of(writesLeft.getAsInt() - 1)
                                : OptionalInt.empty();
                var bytes = new byte[source.remaining()];
                source.duplicate().get(bytes);
                System.arraycopy(bytes, 0, content.cached, (int) offsetBytes, bytes.length);
                unsynced.add(new Unsynced(name, offsetBytes, bytes));
            }

            @Override
            public void sync() throws IOException {
                if (failSyncsWith.isPresent()) {
                    throw new IOException(failSyncsWith.get());
                }
                if (syncIsLost()) {
                    throw new IOException("the power is gone");
                }
                content.synced = content.cached.clone();
                unsynced.removeIf(write -> write.file.equals(name));
            }

            @Override
            public void close() {}
        };
    }

    /** What no sync covers, oldest first. */
    public List<Unsynced> unsynced() {
        return List.copyOf(unsynced);
    }

    /** The disk as it is found after a power loss. */
    public FaultyDirectory afterPowerLoss(Survival survival) {
        var after = new FaultyDirectory();
        files.forEach((name, content) -> {
            var copy = new Content(content.synced.length);
            copy.synced = content.synced.clone();
            after.files.put(name, copy);
        });
        for (int i = 0; i < unsynced.size(); i++) {
            var write = unsynced.get(i);
            int bytes = survival.survivingBytes(i, write);
            System.arraycopy(
                    write.bytes, 0, after.file(write.file).synced, (int) write.offsetBytes, bytes);
        }
        after.files.values().forEach(content -> content.cached = content.synced.clone());
        return after;
    }

    /** A copy of the disk with one bit changed. */
    public FaultyDirectory withFlippedBit(String file, int offsetBytes, int bit) {
        var after = afterPowerLoss((index, write) -> write.bytes.length);
        after.file(file).synced[offsetBytes] ^= (byte) (1 << bit);
        after.file(file).cached[offsetBytes] ^= (byte) (1 << bit);
        return after;
    }

    public void remove(String file) {
        files.remove(file);
    }

    public void failWrites(String reason) {
        failWritesWith = Optional.of(reason);
    }

    public void failSyncs(String reason) {
        failSyncsWith = Optional.of(reason);
    }

    /** The power goes before the sync of the last of so many writes. */
    public void loseAfterWrites(int writes) {
        writesLeft = OptionalInt.of(writes);
    }

    private boolean syncIsLost() {
        return writesLeft.isPresent() && writesLeft.getAsInt() == 0;
    }

    /** The disk works again; what it lost stays lost. */
    public void work() {
        failWritesWith = Optional.empty();
        failSyncsWith = Optional.empty();
        writesLeft = OptionalInt.empty();
    }

    private Content file(String name) {
        return Optional.ofNullable(files.get(name)).orElseThrow();
    }
}
