package io.leasehold.heartbeat.membership;

/** Name of a heartbeat link, as in the configuration. */
public record LinkName(String value) implements Comparable<LinkName> {
    public LinkName {
        if (value.isBlank()) {
            throw new IllegalArgumentException("a link needs a name");
        }
    }

    @Override
    public int compareTo(LinkName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
