package io.leasehold.heartbeat.record.arbiter.zookeeper;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.RequestId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * The bytes of the record's znode: US-ASCII text, so that {@code zkCli.sh get} shows a person what
 * it says. Every line is there, in this order, each ended by a line feed:
 *
 * <pre>
 *   leasehold-record 1
 *   mode zookeeper
 *   epoch 7
 *   primary dhcp1            or: primary -
 *   in-sync dhcp1 dhcp2      or: in-sync -
 *   generation 12
 *   request dhcp1 42
 * </pre>
 *
 * <p>A record of another mode is a closed one: the pair has left this arbiter by that write, and
 * nobody changes it as a record of mode zookeeper any more (R12).
 */
public final class RecordText {

    /** No record is longer: two names of 63 characters, four times. */
    public static final int LENGTH_MAX = 1_024;

    private static final String HEAD = "leasehold-record 1";
    private static final String NOBODY = "-";
    private static final int LINES = 7;

    private RecordText() {}

    /** The bytes of {@code record}; of another mode than zookeeper they close what was there. */
    public static byte[] encode(ClusterRecord record) {
        var members = record.inSync().stream().map(NodeName::value).toList();
        return String.join(
                        "\n",
                        HEAD,
                        "mode " + word(record.mode()),
                        "epoch " + record.epoch(),
                        "primary " + record.primary().map(NodeName::value).orElse(NOBODY),
                        "in-sync " + (members.isEmpty() ? NOBODY : String.join(" ", members)),
                        "generation " + record.gen(),
                        "request " + record.requestId().node() + " " + record.requestId().number(),
                        "")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Throws, naming the line, unless every octet is as {@link #encode} writes it. */
    public static ClusterRecord decode(byte[] bytes) throws LayoutException {
        if (bytes.length > LENGTH_MAX) {
            throw new LayoutException(
                    LENGTH_MAX, "a record of up to " + LENGTH_MAX + " bytes", bytes.length + "");
        }
        var lines = new String(bytes, StandardCharsets.US_ASCII).split("\n", -1);
        if (lines.length != LINES + 1) {
            throw new LayoutException(0, LINES + " lines", lines.length - 1 + "");
        }
        exactly(lines, 0, HEAD);
        var mode = mode(lines);
        ClusterRecord record;
        try {
            var members = words(lines, 4, "in-sync");
            var inSync = new TreeSet<NodeName>();
            if (!members.equals(List.of(NOBODY))) {
                members.forEach(name -> inSync.add(new NodeName(name)));
            }
            var request = words(lines, 6, "request");
            if (request.size() != 2) {
                throw unexpected(lines, 6, "request NODE NUMBER");
            }
            var primary = word(lines, 3, "primary");
            record =
                    new ClusterRecord(
                            mode,
                            new Epoch(Long.parseLong(word(lines, 2, "epoch"))),
                            primary.equals(NOBODY)
                                    ? Optional.empty()
                                    : Optional.of(new NodeName(primary)),
                            inSync,
                            new Generation(Long.parseLong(word(lines, 5, "generation"))),
                            new RequestId(
                                    new NodeName(request.getFirst()),
                                    Long.parseLong(request.getLast())));
        } catch (IllegalArgumentException e) {
            throw new LayoutException(0, "a record", String.valueOf(e.getMessage()));
        }
        if (!Arrays.equals(encode(record), bytes)) {
            throw new LayoutException(0, "the record as it is written", "another spelling of it");
        }
        return record;
    }

    private static String word(ArbitrationMode mode) {
        return switch (mode) {
            case FENCING -> "fencing";
            case OPERATOR -> "operator";
            case ZOOKEEPER -> "zookeeper";
        };
    }

    private static ArbitrationMode mode(String[] lines) throws LayoutException {
        var word = word(lines, 1, "mode");
        for (var mode : ArbitrationMode.values()) {
            if (word(mode).equals(word)) {
                return mode;
            }
        }
        throw unexpected(lines, 1, "mode zookeeper, fencing or operator");
    }

    private static void exactly(String[] lines, int index, String expected) throws LayoutException {
        if (!lines[index].equals(expected)) {
            throw unexpected(lines, index, expected);
        }
    }

    private static String word(String[] lines, int index, String key) throws LayoutException {
        var words = words(lines, index, key);
        if (words.size() != 1) {
            throw unexpected(lines, index, key + " and one word");
        }
        return words.getFirst();
    }

    private static List<String> words(String[] lines, int index, String key)
            throws LayoutException {
        var start = key + " ";
        if (!lines[index].startsWith(start)) {
            throw unexpected(lines, index, start);
        }
        return List.of(lines[index].substring(start.length()).split(" ", -1));
    }

    private static LayoutException unexpected(String[] lines, int index, String expected) {
        int offset = 0;
        for (int before = 0; before < index; before++) {
            offset += lines[before].length() + 1;
        }
        return new LayoutException(
                offset, "line " + (index + 1) + ": " + expected, "'" + lines[index] + "'");
    }
}
