package io.leasehold.blockrep.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What {@code statvfs(3)} says of a file system. Blocks are units of {@code fragmentBytes}.
 *
 * @param freeBlocks free, also those that only root may take
 * @param availableBlocks free for everybody
 */
public record SpaceStatus(
        long blockBytes,
        long fragmentBytes,
        long blocks,
        long freeBlocks,
        long availableBlocks,
        long files,
        long freeFiles) {

    static SpaceStatus of(MemorySegment statvfs) {
        return new SpaceStatus(
                statvfs.get(ValueLayout.JAVA_LONG, 0),
                statvfs.get(ValueLayout.JAVA_LONG, 8),
                statvfs.get(ValueLayout.JAVA_LONG, 16),
                statvfs.get(ValueLayout.JAVA_LONG, 24),
                statvfs.get(ValueLayout.JAVA_LONG, 32),
                statvfs.get(ValueLayout.JAVA_LONG, 40),
                statvfs.get(ValueLayout.JAVA_LONG, 48));
    }
}
