package io.leasehold.heartbeat.record;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;

/**
 * Bytes of {@link DurableState}. Field types as in {@link LayoutWriter}.
 *
 * <pre>
 *   "LHST"                      4 bytes
 *   version                     1 byte, 1
 *   record                      {@link RecordLayout}
 *   promised                    number
 *   boot id                     text
 *   device id                   optional text
 *   standing                    choice
 *   was primary                 flag
 *   permit                      optional number (its epoch)
 *   standby                     flag; until optional number; reason text
 *   maintenance                 version number; on flag
 *   failure counts              count; each name text, number
 *   fences                      count; each number (wall clock, ms)
 *   forced epochs               count; each number
 *   last request number         number
 *   CRC-32C of all before       number
 * </pre>
 */
public final class StateCodec {

    /** No state is larger; a longer file is damage. */
    public static final int LENGTH_MAX = 16_384;

    private static final byte[] MAGIC = {'L', 'H', 'S', 'T'};
    private static final int VERSION = 1;
    private static final int NAME_LENGTH_MAX = 255;

    private StateCodec() {}

    public static byte[] encode(DurableState state) {
        var to = new LayoutWriter(LENGTH_MAX);
        for (var octet : MAGIC) {
            to.octet(octet);
        }
        to.octet(VERSION);
        RecordLayout.write(to, state.record());
        to.number(state.promised().value())
                .text(state.bootId().value())
                .optionalText(state.deviceId())
                .choice(state.standing())
                .flag(state.wasPrimary())
                .flag(state.permit().isPresent());
        state.permit().ifPresent(permit -> to.number(permit.epoch().value()));
        to.flag(state.standby().isPresent());
        state.standby()
                .ifPresent(standby ->
                        to.optionalNumber(standby.untilEpochMillis()).text(standby.reason()));
        to.number(state.maintenance().version()).flag(state.maintenance().on());
        to.count(state.failureCounts().size());
        state.failureCounts().forEach((name, count) -> to.text(name).number(count));
        to.count(state.fencesEpochMillis().size());
        state.fencesEpochMillis().forEach(to::number);
        to.count(state.forcedEpochs().size());
        state.forcedEpochs().forEach(epoch -> to.number(epoch.value()));
        to.number(state.lastRequestNumber());
        to.number(crc(to.toBytes()));
        return to.toBytes();
    }

    /** Throws when a single bit is not as it was written. */
    public static DurableState decode(byte[] bytes) throws LayoutException {
        if (bytes.length > LENGTH_MAX || bytes.length < MAGIC.length + 1 + Long.BYTES) {
            throw new LayoutException(
                    0, "a state of up to " + LENGTH_MAX + " bytes", bytes.length + " bytes");
        }
        var body = Arrays.copyOf(bytes, bytes.length - Long.BYTES);
        var stored =
                new LayoutReader(Arrays.copyOfRange(bytes, body.length, bytes.length)).number();
        if (stored != crc(body)) {
            throw new LayoutException(
                    body.length,
                    "CRC-32C " + Long.toHexString(crc(body)),
                    Long.toHexString(stored));
        }
        var from = new LayoutReader(body);
        for (var octet : MAGIC) {
            var at = from.offsetBytes();
            var found = from.octet();
            if (found != octet) {
                throw new LayoutException(at, "the letters LHST", "octet " + found);
            }
        }
        var at = from.offsetBytes();
        var version = from.octet();
        if (version != VERSION) {
            throw new LayoutException(at, "version " + VERSION, "version " + version);
        }
        var state = from.checked("a consistent state", () -> body(from));
        from.end();
        return state;
    }

    private static DurableState body(LayoutReader from) throws LayoutException {
        var record = RecordLayout.read(from);
        var promised = new Epoch(from.quantity());
        var bootId = new BootId(from.text(BootId.LENGTH_MAX));
        var deviceId = from.optionalText(NAME_LENGTH_MAX);
        var standing = from.choice(Standing.class);
        var wasPrimary = from.flag();
        var permit =
                from.flag()
                        ? Optional.of(new SoloPermit(new Epoch(from.quantity())))
                        : Optional.<SoloPermit>empty();
        var standby =
                from.flag()
                        ? Optional.of(
                                new Standby(
                                        from.optionalNumber(),
                                        from.text(4 * Standby.REASON_LENGTH_MAX)))
                        : Optional.<Standby>empty();
        var maintenance = new Maintenance(from.quantity(), from.flag());
        var failureCounts = new TreeMap<String, Integer>();
        for (var left = from.count(DurableState.FAILURE_COUNTS_MAX); left > 0; left--) {
            failureCounts.put(from.text(NAME_LENGTH_MAX), Math.toIntExact(from.quantity()));
        }
        var fences = new ArrayList<Long>();
        for (var left = from.count(DurableState.FENCES_MAX); left > 0; left--) {
            fences.add(from.number());
        }
        var forced = new TreeSet<Epoch>();
        for (var left = from.count(DurableState.FORCED_EPOCHS_MAX); left > 0; left--) {
            forced.add(new Epoch(from.quantity()));
        }
        return new DurableState(
                record,
                promised,
                bootId,
                deviceId,
                standing,
                wasPrimary,
                permit,
                standby,
                maintenance,
                failureCounts,
                fences,
                forced,
                from.quantity());
    }

    private static long crc(byte[] bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return crc.getValue();
    }
}
