package io.leasehold.heartbeat.record;

/**
 * Whether the pair is in maintenance: no monitoring, no automatic moves, no automatic fencing.
 *
 * @param version counts the changes, so that both nodes end with the newest word
 */
public record Maintenance(long version, boolean on) {

    public static final Maintenance OFF = new Maintenance(0, false);

    public Maintenance changedTo(boolean nowOn) {
        return new Maintenance(version + 1, nowOn);
    }

    /** The newer word; of two words of the same age the careful one. */
    public static Maintenance newer(Maintenance one, Maintenance other) {
        if (one.version == other.version) {
            return one.on ? one : other;
        }
        return one.version > other.version ? one : other;
    }
}
