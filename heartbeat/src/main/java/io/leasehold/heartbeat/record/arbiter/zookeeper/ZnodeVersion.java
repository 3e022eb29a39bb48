package io.leasehold.heartbeat.record.arbiter.zookeeper;

/**
 * The version of the record's znode: what a conditional write names.
 *
 * @param value counted by the ensemble, one up with each write; {@code -1} for a znode that is not
 *     there, whose conditional write is its creation
 */
public record ZnodeVersion(int value) {

    public static final ZnodeVersion ABSENT = new ZnodeVersion(-1);

    public ZnodeVersion {
        if (value < -1) {
            throw new IllegalArgumentException("znode version " + value);
        }
    }

    public boolean isAbsent() {
        return value == ABSENT.value;
    }

    @Override
    public String toString() {
        return isAbsent() ? "absent" : Integer.toString(value);
    }
}
