package io.leasehold.heartbeat.record;

/**
 * One power-on of a machine: {@code /proc/sys/kernel/random/boot_id}.
 *
 * <p>It is how a node knows that it may have been fenced: a fence with success is a power-off, and
 * a power-off changes the boot id (R19).
 */
public record BootId(String value) {

    /** A UUID in text. */
    public static final int LENGTH_MAX = 36;

    public BootId {
        if (value.isEmpty() || value.length() > LENGTH_MAX) {
            throw new IllegalArgumentException("not a boot id: '" + value + "'");
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
