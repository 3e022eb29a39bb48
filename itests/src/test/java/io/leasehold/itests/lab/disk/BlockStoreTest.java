package io.leasehold.itests.lab.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockStoreTest {
    private static final int BLOCKS = 64;

    private final byte[] platter = new byte[BLOCKS * BlockStore.BLOCK_BYTES];
    private final BlockStore store =
            new BlockStore(
                    new BlockStore.Platter() {
                        @Override
                        public void read(long offset, ByteBuffer into) {
                            into.put(platter, (int) offset, into.remaining());
                        }

                        @Override
                        public void write(long offset, ByteBuffer from) {
                            from.get(platter, (int) offset, from.remaining());
                        }
                    });

    @Test
    void shouldReadBackWhatIsOnlyInItsCacheAcrossBlocks() throws Exception {
        write(BlockStore.BLOCK_BYTES - 3, 7, (byte) 'x');

        assertThat(read(BlockStore.BLOCK_BYTES - 4, 9))
                .isEqualTo(new byte[] {0, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 0});
        assertThat(platter).containsOnly(0);
    }

    @Test
    void shouldHaveOnThePlatterWhatWasFlushed() throws Exception {
        write(100, 50, (byte) 'x');
        store.flush();
        var loss = store.losePower(new SplittableRandom(1));

        assertThat(loss).isEqualTo(new BlockStore.Loss(0, 0, 0));
        assertThat(Arrays.copyOfRange(platter, 100, 150)).containsOnly('x');
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void shouldKeepARandomSubsetWholeAndTearTheLastWriteAtASector(long seed) throws Exception {
        for (int i = 0; i < BLOCKS; i++) {
            write(i * BlockStore.BLOCK_BYTES, BlockStore.BLOCK_BYTES, (byte) 'x');
        }
        // Written last, so torn, although it is not the last by number.
        int last = 7;
        write(last * BlockStore.BLOCK_BYTES, BlockStore.BLOCK_BYTES, (byte) 'y');

        var loss = store.losePower(new SplittableRandom(seed));

        int whole = 0;
        for (int i = 0; i < BLOCKS; i++) {
            var block = block(i);
            if (i == last) {
                int written = (int) count(block, (byte) 'y');
                assertThat(written)
                        .isBetween(1, BlockStore.BLOCK_BYTES - 1)
                        .matches(n -> n % BlockStore.SECTOR_BYTES == 0);
                assertThat(count(block, (byte) 'x')).isZero();
            } else {
                assertThat(count(block, (byte) 'x')).isIn(0L, (long) BlockStore.BLOCK_BYTES);
                whole += count(block, (byte) 'x') > 0 ? 1 : 0;
            }
        }
        assertThat(whole).isEqualTo(loss.kept()).isBetween(BLOCKS / 5, BLOCKS * 4 / 5);
        assertThat(loss.kept() + loss.dropped() + loss.torn()).isEqualTo(BLOCKS);
    }

    private void write(int offset, int length, byte value) throws Exception {
        var bytes = new byte[length];
        Arrays.fill(bytes, value);
        store.write(offset, ByteBuffer.wrap(bytes));
    }

    private byte[] read(int offset, int length) throws Exception {
        var bytes = new byte[length];
        store.read(offset, ByteBuffer.wrap(bytes));
        return bytes;
    }

    private byte[] block(int number) {
        int from = number * BlockStore.BLOCK_BYTES;
        return Arrays.copyOfRange(platter, from, from + BlockStore.BLOCK_BYTES);
    }

    private static long count(byte[] bytes, byte value) {
        long count = 0;
        for (byte b : bytes) {
            count += b == value ? 1 : 0;
        }
        return count;
    }
}
