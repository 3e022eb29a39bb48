package io.leasehold.blockrep.volume;

import com.google.common.collect.Range;
import com.google.common.collect.RangeSet;
import com.google.common.collect.TreeRangeSet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which files a run of operations may have touched, and which bytes of their contents: a dirty map
 * (R23, R25). It only ever grows. When it would become too large it is made coarser, and in the end
 * it says that everything was touched.
 *
 * <p>Where nothing is noted of a file, its content, names and attributes are what they were before
 * the run. A directory counts as touched when one of its entries was. Not thread-safe.
 */
public final class Changes {
    private static final long GRANULE_BYTES_FIRST = 4_096;

    /** Behind every content. */
    private static final long END = Long.MAX_VALUE;

    private static final int HEAD_BYTES = 5;
    private static final int FILE_BYTES = 13;
    private static final int RANGE_BYTES = 16;

    private final Limits limits;
    private final TreeMap<FileId, Touched> files = new TreeMap<>();
    private int ranges;
    private boolean everything;

    /**
     * How much is told apart.
     *
     * @param files with more than these, everything counts as touched
     * @param ranges of all files together; with more than these, some are joined. No fewer than
     *     files
     */
    public record Limits(int files, int ranges) {
        public Limits {
            if (files < 1 || ranges < files) {
                throw new IllegalArgumentException(ranges + " ranges of " + files + " files");
            }
        }

        /** With more files a full compare is hardly dearer; about 6 MiB of memory. */
        public static final Limits ONE_NODE = new Limits(32_768, 65_536);

        /** No union of what two nodes have touched is coarser than they are. */
        public static final Limits BOTH_NODES = new Limits(2 * ONE_NODE.files, 2 * ONE_NODE.ranges);

        /** The most bytes that {@link #encode} makes. */
        public int encodedBytesMax() {
            return HEAD_BYTES + files * FILE_BYTES + ranges * RANGE_BYTES;
        }
    }

    /** Nothing was touched yet, by one node. */
    public Changes() {
        this(Limits.ONE_NODE);
    }

    /** Nothing was touched yet. */
    public Changes(Limits limits) {
        this.limits = limits;
    }

    /** What either of two nodes may have touched: everything only if one of them says so. */
    public static Changes union(Changes one, Changes other) {
        var both = new Changes(Limits.BOTH_NODES);
        both.addAll(one);
        both.addAll(other);
        return both;
    }

    private static final class Touched {
        private boolean created;
        private final RangeSet<Long> bytes = TreeRangeSet.create();

        int ranges() {
            return bytes.asRanges().size();
        }
    }

    /** A stretch of a file's content. */
    public record Extent(long offsetBytes, long lengthBytes) {}

    /** Notes what an operation touches. */
    public void add(Operation operation) {
        switch (operation) {
            case Operation.Create o -> created(o.id(), o.parent());
            case Operation.MakeDirectory o -> created(o.id(), o.parent());
            case Operation.SymbolicLink o -> created(o.id(), o.parent());
            case Operation.MakeNode o -> created(o.id(), o.parent());
            case Operation.Link o -> touched(o.id(), o.parent());
            case Operation.Unlink o -> touched(o.id(), o.parent());
            case Operation.RemoveDirectory o -> touched(o.id(), o.parent());
            case Operation.Rename o -> {
                touched(o.id(), o.parent(), o.newParent());
                o.replaced().ifPresent(replaced -> touched(replaced.id()));
            }
            case Operation.Exchange o -> touched(o.id(), o.otherId(), o.parent(), o.otherParent());
            case Operation.Write o ->
                    content(o.id(), o.offsetBytes(), o.offsetBytes() + o.data().lengthBytes());
            case Operation.SetAttributes o -> {
                touched(o.id());
                o.sizeBytes().ifPresent(size -> content(o.id(), size, END));
            }
            case Operation.SetXattr o -> touched(o.id());
            case Operation.RemoveXattr o -> touched(o.id());
            case Operation.Fallocate o ->
                    content(o.id(), o.offsetBytes(), o.offsetBytes() + o.lengthBytes());
            case Operation.Reap o -> touched(o.id());
            case Operation.Barrier _ -> {}
        }
    }

    /** Notes all that another one has, too. */
    public void addAll(Changes other) {
        if (other.everything) {
            addEverything();
        }
        other.files.forEach((id, touched) -> {
            touched(id);
            if (touched.created) {
                markCreated(id);
            }
            for (var range : touched.bytes.asRanges()) {
                content(id, range.lowerEndpoint(), range.upperEndpoint());
            }
        });
    }

    /** The file has nothing in common with what it was. */
    public void addWhole(FileId id) {
        content(id, 0, END);
    }

    private void addEverything() {
        everything = true;
        files.clear();
        ranges = 0;
    }

    private void created(FileId id, FileId parent) {
        touched(id, parent);
        markCreated(id);
        addWhole(id);
    }

    private void markCreated(FileId id) {
        var touched = files.get(id);
        if (touched != null) {
            touched.created = true;
        }
    }

    private void touched(FileId... ids) {
        for (var id : ids) {
            if (!everything) {
                files.computeIfAbsent(id, _ -> new Touched());
            }
        }
        if (files.size() > limits.files) {
            addEverything();
        }
    }

    private void content(FileId id, long from, long to) {
        touched(id);
        var touched = files.get(id);
        if (touched == null || from >= to) {
            // Everything is touched, or nothing.
            return;
        }
        ranges -= touched.ranges();
        touched.bytes.add(Range.closedOpen(from, to));
        ranges += touched.ranges();
        if (ranges > limits.ranges) {
            coarsen();
        }
    }

    /** Rounds ranges outwards until half of them are left; one for each file is the least. */
    private void coarsen() {
        for (long granule = GRANULE_BYTES_FIRST;
                ranges > limits.ranges / 2 && granule < END / 2;
                granule *= 2) {
            ranges = 0;
            for (var touched : files.values()) {
                for (var range : List.copyOf(touched.bytes.asRanges())) {
                    long to = range.upperEndpoint();
                    touched.bytes.add(
                            Range.closedOpen(
                                    range.lowerEndpoint() / granule * granule,
                                    to > END - granule
                                            ? END
                                            : (to + granule - 1) / granule * granule));
                }
                ranges += touched.ranges();
            }
        }
    }

    /** Nothing more can be said than that each file may be another one. */
    public boolean isEverything() {
        return everything;
    }

    /** The files that may have been touched, whether they are there or not. */
    public SortedSet<FileId> files() {
        return new TreeSet<>(files.keySet());
    }

    /** The files that were made in this run. */
    public Set<FileId> created() {
        return files.entrySet().stream()
                .filter(entry -> entry.getValue().created)
                .map(java.util.Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** What may have been touched of a content of so many bytes, in its order. */
    public List<Extent> extents(FileId id, long sizeBytes) {
        var touched = files.get(id);
        if (touched == null || sizeBytes <= 0) {
            return List.of();
        }
        return touched.bytes.subRangeSet(Range.closedOpen(0L, sizeBytes)).asRanges().stream()
                .map(range ->
                        new Extent(
                                range.lowerEndpoint(),
                                range.upperEndpoint() - range.lowerEndpoint()))
                .toList();
    }

    /**
     * As bytes: u8 everything, u32 files; of each u64 id, u8 created, u32 ranges, of each u64 from,
     * u64 to (not included).
     */
    public byte[] encode() {
        var out =
                ByteBuffer.allocate(HEAD_BYTES + files.size() * FILE_BYTES + ranges * RANGE_BYTES);
        out.put((byte) (everything ? 1 : 0)).putInt(files.size());
        files.forEach((id, touched) -> {
            out.putLong(id.value()).put((byte) (touched.created ? 1 : 0)).putInt(touched.ranges());
            for (var range : touched.bytes.asRanges()) {
                out.putLong(range.lowerEndpoint()).putLong(range.upperEndpoint());
            }
        });
        return out.array();
    }

    /**
     * Reads what {@link #encode} made.
     *
     * @throws IllegalArgumentException it made something else
     * @throws java.nio.BufferUnderflowException it made more
     */
    public static Changes decode(ByteBuffer in) {
        var changes = new Changes(Limits.BOTH_NODES);
        boolean everything = in.get() != 0;
        int count = in.getInt();
        for (int i = 0; i < count; i++) {
            var id = new FileId(in.getLong());
            boolean created = in.get() != 0;
            changes.touched(id);
            int ranges = in.getInt();
            for (int j = 0; j < ranges; j++) {
                long from = in.getLong();
                long to = in.getLong();
                if (from < 0 || from >= to) {
                    throw new IllegalArgumentException("bytes from " + from + " to " + to);
                }
                changes.content(id, from, to);
            }
            if (created) {
                changes.markCreated(id);
            }
        }
        if (everything) {
            changes.addEverything();
        }
        return changes;
    }

    @Override
    public String toString() {
        var shown = new ArrayList<String>();
        files.forEach(
                (id, touched) -> shown.add(id + (touched.created ? " new " : " ") + touched.bytes));
        return everything ? "everything" : shown.toString();
    }
}
