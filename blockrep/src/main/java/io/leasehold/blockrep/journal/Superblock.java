package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Lineage;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.Seq;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What a copy knows of itself besides its operations. Changed by replacing it as a whole.
 *
 * <p>Two equal slots of {@value #SLOT_BYTES} bytes; a change is written and synced to the first and
 * then to the second. So a torn write leaves the other slot with the state before or after the
 * change, and damage at rest to one slot loses nothing: a promise (R2) never goes back.
 *
 * <pre>
 *    0  magic "LSHPSB01"        u64     "LSHPSB02" while a patch is pending: a build that cannot
 *                                       finish it must not take what it finds for a tree
 *    8  CRC-32C of all behind   u32     covers up to the end of the slot
 *   12  0                       u32
 *   16  number of this change   u64     the higher one is valid
 *   24  device id               u64 u64
 *   40  promised epoch          u64
 *   48  checkpoint seq          u64     the tree has the effect of all operations up to here
 *   56  durable seq             u64     the journal reached at least this far
 *   64  committed seq           u64     known to be durable on all in-sync nodes
 *   72  found different         u64     0: never, or everything has been compared since
 *   80  acknowledged alone      u64     0: none
 *   88  history use             u64     segments begun before this one belong to a discarded history
 *   96  flags                   u32     1 writer, 2 clean, 8 switch pending, 16 by a patch
 *  100  lineage entries         u32
 *  104  cluster name            u8 length, 64 bytes
 *  169  boot id                 u8 length, 64 bytes
 *  304  switch: seq, root       u64, u64 u64
 *  328  switch: directory inode u64, lineage entries u32, 0 u32
 *  344  lineage                 (epoch u64, start u64, writer u64 u64) ...
 * 4440  switch: lineage         the same
 * </pre>
 *
 * @param change counts the changes of this superblock
 * @param device this copy, for ever
 * @param cluster the pair that it belongs to (R30)
 * @param bootId of the machine when the journal was last opened
 * @param writer whether it was primary when this was written
 * @param clean whether the journal was closed in order
 * @param promisedEpoch R2
 * @param lineage who wrote the history
 * @param checkpoint the tree has everything up to here, durably
 * @param durable a journal that ends before this has lost something that it had
 * @param committed known to be durable on every in-sync node
 * @param foundDifferent where this copy and the peer's were found to differ; until everything has
 *     been compared, nothing less makes the peer equal
 * @param acknowledgedAlone first sequence that may have been acknowledged without the peer
 * @param historyUse the first segment of the present history
 * @param pendingSwitch a copy that is complete and must become the tree
 */
public record Superblock(
        long change,
        DeviceId device,
        ClusterName cluster,
        String bootId,
        boolean writer,
        boolean clean,
        long promisedEpoch,
        Lineage lineage,
        Seq checkpoint,
        Seq durable,
        Seq committed,
        Optional<Seq> foundDifferent,
        Optional<Seq> acknowledgedAlone,
        long historyUse,
        Optional<PendingSwitch> pendingSwitch) {

    static final int SLOT_BYTES = 16384;
    static final int FILE_BYTES = 2 * SLOT_BYTES;
    static final int BOOT_ID_BYTES_MAX = 64;
    private static final long MAGIC = 0x4c534850_53423031L;
    private static final long MAGIC_WITH_PATCH = 0x4c534850_53423032L;
    private static final int FORMAT_BITS = 16;

    /** The last two characters of each magic. */
    static final String FORMATS = "01 and 02";

    private static final int CRC_AT = 8;
    private static final int COVERED_FROM = 16;
    private static final int STRING_BYTES_MAX = 64;
    private static final int SWITCH_AT = 304;
    private static final int LINEAGE_AT = 344;
    private static final int ENTRY_BYTES = 32;
    private static final int SWITCH_LINEAGE_AT = LINEAGE_AT + Lineage.ENTRIES_MAX * ENTRY_BYTES;
    private static final int WRITER = 1;
    private static final int CLEAN = 2;
    private static final int SWITCH_PENDING = 8;
    private static final int BY_PATCH = 16;

    /**
     * A resync has brought a complete copy (R31), and it is taking the place of this one; this says
     * what it is.
     *
     * @param way how it does
     * @param directoryInode of the shadow's or the patch's directory; a shadow's keeps it when it
     *     becomes the tree, so that it shows whether that has happened
     * @param last the last operation in it
     * @param root the rolling hash there
     * @param lineage who wrote it
     */
    public record PendingSwitch(
            Way way, long directoryInode, Seq last, Root root, Lineage lineage) {
        static final PendingSwitch NONE =
                new PendingSwitch(Way.EXCHANGE, 0, Seq.NONE, Root.EMPTY, Lineage.EMPTY);

        /** How a copy takes the place of another one. */
        public enum Way {
            /** A shadow and the tree change places at one instant. */
            EXCHANGE,
            /** A patch is carried out on the tree: in between that is neither of the two. */
            PATCH
        }
    }

    /** The superblock of a copy that nobody has written to. */
    public static Superblock fresh(DeviceId device, ClusterName cluster, String bootId) {
        return new Superblock(
                1,
                device,
                cluster,
                bootId,
                false,
                true,
                0,
                Lineage.EMPTY,
                Seq.NONE,
                Seq.NONE,
                Seq.NONE,
                Optional.empty(),
                Optional.empty(),
                1,
                Optional.empty());
    }

    public Superblock {
        if (bootId.getBytes(StandardCharsets.UTF_8).length > BOOT_ID_BYTES_MAX) {
            throw new IllegalArgumentException("boot id of more than 64 bytes: " + bootId);
        }
        if (promisedEpoch < lineage.headEpoch()) {
            throw new IllegalArgumentException(
                    "promised "
                            + promisedEpoch
                            + ", but epoch "
                            + lineage.headEpoch()
                            + " has written");
        }
    }

    /** A copy with some components changed; see {@link Editor}. */
    public Editor edit() {
        return new Editor(this);
    }

    /** Changes components one by one; {@link #done} makes the next superblock of them. */
    public static final class Editor {
        private final Superblock from;
        private String bootId;
        private boolean writer;
        private boolean clean;
        private long promisedEpoch;
        private Lineage lineage;
        private Seq checkpoint;
        private Seq durable;
        private Seq committed;
        private Optional<Seq> foundDifferent;
        private Optional<Seq> acknowledgedAlone;
        private long historyUse;
        private Optional<PendingSwitch> pendingSwitch;

        private Editor(Superblock from) {
            this.from = from;
            bootId = from.bootId;
            writer = from.writer;
            clean = from.clean;
            promisedEpoch = from.promisedEpoch;
            lineage = from.lineage;
            checkpoint = from.checkpoint;
            durable = from.durable;
            committed = from.committed;
            foundDifferent = from.foundDifferent;
            acknowledgedAlone = from.acknowledgedAlone;
            historyUse = from.historyUse;
            pendingSwitch = from.pendingSwitch;
        }

        public Editor bootId(String value) {
            bootId = value;
            return this;
        }

        public Editor writer(boolean value) {
            writer = value;
            return this;
        }

        public Editor clean(boolean value) {
            clean = value;
            return this;
        }

        /**
         * Promises an epoch (R2).
         *
         * @throws IllegalStateException a higher one is promised: nobody may take that back
         */
        public Editor promisedEpoch(long value) {
            if (value < promisedEpoch) {
                throw new IllegalStateException(
                        "R2: promised epoch " + promisedEpoch + ", now " + value);
            }
            promisedEpoch = value;
            return this;
        }

        public Editor lineage(Lineage value) {
            lineage = value;
            return this;
        }

        public Editor checkpoint(Seq value) {
            checkpoint = value;
            return this;
        }

        public Editor durable(Seq value) {
            durable = value;
            return this;
        }

        public Editor committed(Seq value) {
            committed = value;
            return this;
        }

        public Editor foundDifferent(Optional<Seq> value) {
            foundDifferent = value;
            return this;
        }

        public Editor acknowledgedAlone(Optional<Seq> value) {
            acknowledgedAlone = value;
            return this;
        }

        public Editor historyUse(long value) {
            historyUse = value;
            return this;
        }

        public Editor pendingSwitch(Optional<PendingSwitch> value) {
            pendingSwitch = value;
            return this;
        }

        public Superblock done() {
            return new Superblock(
                    from.change + 1,
                    from.device,
                    from.cluster,
                    bootId,
                    writer,
                    clean,
                    promisedEpoch,
                    lineage,
                    checkpoint,
                    durable,
                    committed,
                    foundDifferent,
                    acknowledgedAlone,
                    historyUse,
                    pendingSwitch);
        }
    }

    /** Writes it to {@code slot}, which is all zeros and then holds nothing else. */
    ByteBuffer encode(ByteBuffer slot) {
        boolean byPatch = pendingSwitch.filter(to -> to.way == PendingSwitch.Way.PATCH).isPresent();
        int flags =
                (writer ? WRITER : 0)
                        | (clean ? CLEAN : 0)
                        | (pendingSwitch.isPresent() ? SWITCH_PENDING : 0)
                        | (byPatch ? BY_PATCH : 0);
        slot.putLong(byPatch ? MAGIC_WITH_PATCH : MAGIC).putLong(0).putLong(change);
        slot.putLong(device.high()).putLong(device.low());
        slot.putLong(promisedEpoch).putLong(checkpoint.value()).putLong(durable.value());
        slot.putLong(committed.value()).putLong(foundDifferent.map(Seq::value).orElse(0L));
        slot.putLong(acknowledgedAlone.map(Seq::value).orElse(0L)).putLong(historyUse);
        slot.putInt(flags).putInt(lineage.entries().size());
        putString(slot, cluster.value());
        putString(slot, bootId);
        slot.position(SWITCH_AT);
        var to = pendingSwitch.orElse(PendingSwitch.NONE);
        slot.putLong(to.last.value()).putLong(to.root.high()).putLong(to.root.low());
        slot.putLong(to.directoryInode).putInt(to.lineage.entries().size());
        putLineage(slot.position(LINEAGE_AT), lineage);
        putLineage(slot.position(SWITCH_LINEAGE_AT), to.lineage);
        slot.clear();
        slot.putInt(CRC_AT, checksum(slot));
        return slot;
    }

    /**
     * The format of a slot that is a superblock, but not of one of these formats. Segments have a
     * format of their own; who changes it changes this one, too, because this is read first.
     */
    static Optional<String> otherFormat(ByteBuffer slot) {
        long magic = slot.getLong(0);
        if (isMagic(magic) || magic >>> FORMAT_BITS != MAGIC >>> FORMAT_BITS) {
            return Optional.empty();
        }
        char first = (char) (magic >>> 8 & 0xff);
        char second = (char) (magic & 0xff);
        // Two digits; anything else is damage.
        return Character.isDigit(first) && Character.isDigit(second)
                ? Optional.of("" + first + second)
                : Optional.empty();
    }

    /**
     * The content of a slot, or empty if its checksum or magic is wrong: torn, damaged, or never
     * written.
     */
    static Optional<Superblock> decode(ByteBuffer slot) {
        if (!isMagic(slot.getLong(0)) || slot.getInt(CRC_AT) != checksum(slot)) {
            return Optional.empty();
        }
        var in = slot.duplicate().position(COVERED_FROM);
        long change = in.getLong();
        var device = new DeviceId(in.getLong(), in.getLong());
        long promised = in.getLong();
        var checkpoint = new Seq(in.getLong());
        var durable = new Seq(in.getLong());
        var committed = new Seq(in.getLong());
        long different = in.getLong();
        long alone = in.getLong();
        long historyUse = in.getLong();
        int flags = in.getInt();
        int entries = in.getInt();
        var cluster = new ClusterName(getString(in));
        var bootId = getString(in);
        in.position(SWITCH_AT);
        var switchLast = new Seq(in.getLong());
        var switchRoot = new Root(in.getLong(), in.getLong());
        long switchInode = in.getLong();
        int switchEntries = in.getInt();
        var lineage = getLineage(in.position(LINEAGE_AT), entries);
        var switchLineage = getLineage(in.position(SWITCH_LINEAGE_AT), switchEntries);
        return Optional.of(
                new Superblock(
                        change,
                        device,
                        cluster,
                        bootId,
                        (flags & WRITER) != 0,
                        (flags & CLEAN) != 0,
                        promised,
                        lineage,
                        checkpoint,
                        durable,
                        committed,
                        seqOrNone(different),
                        seqOrNone(alone),
                        historyUse,
                        (flags & SWITCH_PENDING) == 0
                                ? Optional.empty()
                                : Optional.of(
                                        new PendingSwitch(
                                                (flags & BY_PATCH) == 0
                                                        ? PendingSwitch.Way.EXCHANGE
                                                        : PendingSwitch.Way.PATCH,
                                                switchInode,
                                                switchLast,
                                                switchRoot,
                                                switchLineage))));
    }

    private static Optional<Seq> seqOrNone(long value) {
        return value == 0 ? Optional.empty() : Optional.of(new Seq(value));
    }

    private static boolean isMagic(long magic) {
        return magic == MAGIC || magic == MAGIC_WITH_PATCH;
    }

    private static void putLineage(ByteBuffer out, Lineage lineage) {
        for (var entry : lineage.entries()) {
            out.putLong(entry.epoch()).putLong(entry.start().value());
            out.putLong(entry.writer().high()).putLong(entry.writer().low());
        }
    }

    private static Lineage getLineage(ByteBuffer in, int count) {
        var entries = new ArrayList<Lineage.Entry>();
        for (int i = 0; i < count; i++) {
            entries.add(
                    new Lineage.Entry(
                            in.getLong(),
                            new Seq(in.getLong()),
                            new DeviceId(in.getLong(), in.getLong())));
        }
        return new Lineage(entries);
    }

    private static int checksum(ByteBuffer slot) {
        var crc = new CRC32C();
        crc.update(slot.duplicate().position(COVERED_FROM).limit(SLOT_BYTES));
        return (int) crc.getValue();
    }

    private static void putString(ByteBuffer out, String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        int at = out.position();
        out.put((byte) bytes.length).put(bytes).position(at + 1 + STRING_BYTES_MAX);
    }

    private static String getString(ByteBuffer in) {
        int at = in.position();
        var bytes = new byte[in.get() & 0x7f];
        in.get(bytes).position(at + 1 + STRING_BYTES_MAX);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
