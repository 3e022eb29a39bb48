package io.leasehold.itests.lab.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * A disk with a volatile write cache: blocks of 4 KiB, those written since the last flush in
 * memory.
 *
 * <p>Not for several threads at once.
 */
final class BlockStore {
    static final int BLOCK_BYTES = 4096;

    /** What a disk writes as a whole, so where a write tears. */
    static final int SECTOR_BYTES = 512;

    /** 256 MiB. A real cache is smaller; beyond it the oldest block is written out. */
    private static final int UNSYNCED_BLOCKS_MAX = 65_536;

    /** The durable part. */
    interface Platter {
        void read(long offset, ByteBuffer into) throws IOException;

        void write(long offset, ByteBuffer from) throws IOException;
    }

    /** What a loss of power did to the unsynced blocks. */
    record Loss(int kept, int dropped, int torn) {}

    private final Platter platter;

    /** By number, in the order of the last write to each. */
    private final Map<Long, byte[]> unsynced = new LinkedHashMap<>();

    BlockStore(Platter platter) {
        this.platter = platter;
    }

    void read(long offset, ByteBuffer into) throws IOException {
        long at = offset;
        while (into.hasRemaining()) {
            long number = at / BLOCK_BYTES;
            int within = (int) (at % BLOCK_BYTES);
            int length = Math.min(BLOCK_BYTES - within, into.remaining());
            var block = unsynced.get(number);
            if (block == null) {
                var part = into.slice(into.position(), length);
                platter.read(at, part);
                into.position(into.position() + length);
            } else {
                into.put(block, within, length);
            }
            at += length;
        }
    }

    void write(long offset, ByteBuffer from) throws IOException {
        long at = offset;
        while (from.hasRemaining()) {
            long number = at / BLOCK_BYTES;
            int within = (int) (at % BLOCK_BYTES);
            int length = Math.min(BLOCK_BYTES - within, from.remaining());
            var block = unsynced.remove(number);
            if (block == null) {
                block = new byte[BLOCK_BYTES];
                if (length < BLOCK_BYTES) {
                    platter.read(number * BLOCK_BYTES, ByteBuffer.wrap(block));
                }
            }
            from.get(block, within, length);
            unsynced.put(number, block);
            at += length;
        }
        while (unsynced.size() > UNSYNCED_BLOCKS_MAX) {
            var oldest = unsynced.entrySet().iterator().next();
            platter.write(oldest.getKey() * BLOCK_BYTES, ByteBuffer.wrap(oldest.getValue()));
            unsynced.remove(oldest.getKey());
        }
    }

    /** Makes everything durable that was written. */
    void flush() throws IOException {
        for (var entry : unsynced.entrySet()) {
            platter.write(entry.getKey() * BLOCK_BYTES, ByteBuffer.wrap(entry.getValue()));
        }
        unsynced.clear();
    }

    /**
     * The power goes: of the unsynced blocks a random subset has reached the platter, in no order;
     * of the last one written some sectors have and some have not.
     */
    Loss losePower(RandomGenerator random) throws IOException {
        var numbers = new ArrayList<>(unsynced.keySet());
        int kept = 0;
        int dropped = 0;
        int torn = 0;
        for (int i = 0; i < numbers.size(); i++) {
            long number = numbers.get(i);
            var block = unsynced.get(number);
            if (block == null) {
                throw new IllegalStateException("block " + number + " vanished");
            }
            if (i == numbers.size() - 1) {
                int sectors = random.nextInt(1, BLOCK_BYTES / SECTOR_BYTES);
                platter.write(
                        number * BLOCK_BYTES, ByteBuffer.wrap(block, 0, sectors * SECTOR_BYTES));
                torn++;
            } else if (random.nextBoolean()) {
                platter.write(number * BLOCK_BYTES, ByteBuffer.wrap(block));
                kept++;
            } else {
                dropped++;
            }
        }
        unsynced.clear();
        return new Loss(kept, dropped, torn);
    }

    int unsyncedBlocks() {
        return unsynced.size();
    }
}
