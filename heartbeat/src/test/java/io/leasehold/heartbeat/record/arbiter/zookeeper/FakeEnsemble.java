package io.leasehold.heartbeat.record.arbiter.zookeeper;

import io.leasehold.heartbeat.record.ClusterRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One znode and its conditional write, and the memory of what was taken. */
public final class FakeEnsemble {
    private Optional<ClusterRecord> record = Optional.empty();
    private ZnodeVersion version = ZnodeVersion.ABSENT;
    private final List<ClusterRecord> taken = new ArrayList<>();
    private Optional<ClusterRecord> savedRecord = Optional.empty();
    private ZnodeVersion savedVersion = ZnodeVersion.ABSENT;

    /** Executes a request, as a quorum does, and answers it. */
    public EnsembleEvent execute(EnsembleRequest request) {
        return switch (request) {
            case EnsembleRequest.Look(var number) ->
                    new EnsembleEvent.Found(number, record, version);
            case EnsembleRequest.Write(var number, var next, var expected) -> {
                if (!expected.equals(version)) {
                    yield new EnsembleEvent.VersionMismatch(number);
                }
                record = Optional.of(next);
                version = new ZnodeVersion(version.value() + 1);
                taken.add(next);
                yield new EnsembleEvent.Written(number, version);
            }
        };
    }

    /** Makes a backup of everything in it. */
    public void save() {
        savedRecord = record;
        savedVersion = version;
    }

    /** Has what the last backup has. */
    public void restore() {
        record = savedRecord;
        version = savedVersion;
    }

    public Optional<ClusterRecord> record() {
        return record;
    }

    public ZnodeVersion version() {
        return version;
    }

    /** Every record that was ever written, in order. */
    public List<ClusterRecord> taken() {
        return List.copyOf(taken);
    }
}
