package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.JournalDirectory;
import io.leasehold.blockrep.journal.JournalFile;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.resync.KnownChanges.SharedPoint;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The durable form of a {@link DirtyMap}, beside the journal's segments.
 *
 * <pre>
 *   dirty-map   two slots of equal size; a map is written to the one that has the older map
 *
 *    0  magic "LSHDIRT1"             u64
 *    8  bytes from 16 on             u32
 *   12  CRC-32C of them              u32
 *   16  number of this map           u64      the higher one is valid
 *   24  device id                    u64 u64
 *   40  history use                  u64
 *   48  from: seq, root              u64, u64 u64
 *   72  to: seq                      u64
 *   80  changes                      {@link Changes#encode}
 * </pre>
 *
 * <p>A torn write leaves the map before it: that one reaches as far as the checkpoint, which is not
 * moved before a write has ended. The file is preallocated, so that a full disk does not keep a
 * primary without its peer from going on.
 */
final class DirtyMapFile implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DirtyMapFile.class);
    private static final String NAME = "dirty-map";
    private static final long MAGIC = 0x4c534844_49525431L;
    private static final int SLOTS = 2;
    private static final int CRC_AT = 12;
    private static final int COVERED_FROM = 16;
    private static final int HEAD_BYTES = 80;
    private static final int BLOCK_BYTES = 4096;

    private final Optional<JournalFile> file;
    private final int slotBytes;
    private final ByteBuffer slot;
    private long number;

    private DirtyMapFile(Optional<JournalFile> file, int slotBytes, ByteBuffer slot) {
        this.file = file;
        this.slotBytes = slotBytes;
        this.slot = slot;
    }

    /** Without room for it the map is in memory only: a restart costs a compare then. */
    static DirtyMapFile open(JournalDirectory directory, Changes.Limits limits) throws IOException {
        int slotBytes =
                (HEAD_BYTES + limits.encodedBytesMax() + BLOCK_BYTES - 1)
                        / BLOCK_BYTES
                        * BLOCK_BYTES;
        return new DirtyMapFile(
                file(directory, (long) SLOTS * slotBytes), slotBytes, directory.buffer(slotBytes));
    }

    private static Optional<JournalFile> file(JournalDirectory directory, long sizeBytes)
            throws IOException {
        if (directory.exists(NAME)) {
            var found = directory.open(NAME);
            if (found.sizeBytes() == sizeBytes) {
                return Optional.of(found);
            }
            // Of a build with other limits.
            found.close();
        }
        try {
            return Optional.of(directory.create(NAME, sizeBytes));
        } catch (IOException e) {
            log.warn(
                    "{} of {} KiB could not be made: {}. If this daemon is restarted while its peer is away, the peer is compared completely. Make room, then restart it",
                    directory.path().resolve(NAME),
                    sizeBytes >> 10,
                    e.getMessage());
            return Optional.empty();
        }
    }

    /** The newest map that is whole; empty if there is none. */
    Optional<DirtyMap> read() throws IOException {
        var newest = Optional.<DirtyMap>empty();
        for (int at = 0; at < SLOTS && file.isPresent(); at++) {
            long offset = (long) at * slotBytes;
            file.get().read(slot.clear().limit(BLOCK_BYTES), offset);
            slot.clear();
            if (slot.getLong(0) == 0) {
                continue;
            }
            // Most of a map is empty, and this is on the way to a node's start.
            int end = Math.clamp(COVERED_FROM + (long) slot.getInt(Long.BYTES), 0, slotBytes);
            if (end > BLOCK_BYTES) {
                file.get().read(slot.position(BLOCK_BYTES).limit(end), offset + BLOCK_BYTES);
                slot.clear();
            }
            if (!isWhole()) {
                log.warn(
                        "{}: slot {} is torn or damaged: without an older one that suffices, a peer that was away for longer than the journal reaches back is compared completely",
                        file.get().path(),
                        at);
                continue;
            }
            long found = slot.getLong(COVERED_FROM);
            if (found > number) {
                number = found;
                newest = decode();
            }
        }
        return newest;
    }

    private boolean isWhole() {
        int bytes = slot.getInt(Long.BYTES);
        return slot.getLong(0) == MAGIC
                && bytes >= HEAD_BYTES - COVERED_FROM
                && bytes <= slotBytes - COVERED_FROM
                && slot.getInt(CRC_AT) == checksum(bytes);
    }

    private Optional<DirtyMap> decode() {
        int bytes = slot.getInt(Long.BYTES);
        var in = slot.duplicate().position(COVERED_FROM + Long.BYTES).limit(COVERED_FROM + bytes);
        try {
            var device = new DeviceId(in.getLong(), in.getLong());
            long historyUse = in.getLong();
            var from = new SharedPoint(new Seq(in.getLong()), new Root(in.getLong(), in.getLong()));
            var to = new Seq(in.getLong());
            return Optional.of(new DirtyMap(device, historyUse, from, to, Changes.decode(in)));
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            log.warn("{} cannot be: {}; it is not used", file.orElseThrow().path(), e.toString());
            return Optional.empty();
        }
    }

    /**
     * Durable on return.
     *
     * @throws IOException this disk is gone (R32)
     */
    void write(DirtyMap map) throws IOException {
        if (file.isEmpty()) {
            return;
        }
        var changes = map.changes().encode();
        long next = number + 1;
        slot.clear().putLong(MAGIC).putInt(HEAD_BYTES - COVERED_FROM + changes.length).putInt(0);
        slot.putLong(next).putLong(map.device().high()).putLong(map.device().low());
        slot.putLong(map.historyUse()).putLong(map.from().seq().value());
        slot.putLong(map.from().root().high()).putLong(map.from().root().low());
        slot.putLong(map.to().value()).put(changes).flip();
        slot.putInt(CRC_AT, checksum(HEAD_BYTES - COVERED_FROM + changes.length));
        file.get().write(slot, next % SLOTS * slotBytes);
        file.get().sync();
        number = next;
    }

    private int checksum(int bytes) {
        var crc = new CRC32C();
        crc.update(slot.duplicate().position(COVERED_FROM).limit(COVERED_FROM + bytes));
        return (int) crc.getValue();
    }

    @Override
    public void close() throws IOException {
        if (file.isPresent()) {
            file.get().close();
        }
    }
}
