package io.leasehold.blockrep.volume;

/**
 * A file's identity, assigned by the volume: the same on both nodes, never used again for another
 * file. It is the FUSE node id, what {@code ls -i} shows, and the name under which redo finds a
 * file whatever it is called by now.
 *
 * @param value at least 1
 */
public record FileId(long value) implements Comparable<FileId> {

    /** The root directory (FUSE_ROOT_ID has the same value). */
    public static final FileId ROOT = new FileId(1);

    public FileId {
        if (value < 1) {
            throw new IllegalArgumentException("file id " + value + " is less than 1");
        }
    }

    @Override
    public int compareTo(FileId other) {
        return Long.compare(value, other.value);
    }

    @Override
    public String toString() {
        return "#" + value;
    }
}
