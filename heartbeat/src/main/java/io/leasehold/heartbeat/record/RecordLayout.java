package io.leasehold.heartbeat.record;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Layout of the record, in messages and in the state file.
 *
 * <pre>
 *   mode choice | epoch number | primary optional text | members count, each text
 *   | generation number | request: node text, number
 * </pre>
 */
public final class RecordLayout {

    private RecordLayout() {}

    public static void write(LayoutWriter to, ClusterRecord record) {
        to.choice(record.mode())
                .number(record.epoch().value())
                .optionalText(record.primary().map(NodeName::value))
                .count(record.inSync().size());
        record.inSync().forEach(member -> to.text(member.value()));
        to.number(record.gen().value())
                .text(record.requestId().node().value())
                .number(record.requestId().number());
    }

    public static ClusterRecord read(LayoutReader from) throws LayoutException {
        return from.checked(
                "a record",
                () -> {
                    var mode = from.choice(ArbitrationMode.class);
                    var epoch = new Epoch(from.quantity());
                    Optional<NodeName> primary =
                            from.optionalText(NodeName.LENGTH_MAX).map(NodeName::new);
                    var members = from.count(ClusterRecord.MEMBERS_MAX);
                    var inSync = new TreeSet<NodeName>();
                    for (var i = 0; i < members; i++) {
                        inSync.add(new NodeName(from.text(NodeName.LENGTH_MAX)));
                    }
                    var gen = new Generation(from.quantity());
                    var requestId =
                            new RequestId(
                                    new NodeName(from.text(NodeName.LENGTH_MAX)), from.quantity());
                    return new ClusterRecord(mode, epoch, primary, inSync, gen, requestId);
                });
    }
}
