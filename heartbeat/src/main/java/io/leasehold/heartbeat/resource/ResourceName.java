package io.leasehold.heartbeat.resource;

/** Name of a resource, as in the configuration: {@code dhcp}, {@code vip}. */
public record ResourceName(String value) implements Comparable<ResourceName> {
    public ResourceName {
        if (value.isBlank()) {
            throw new IllegalArgumentException("a resource needs a name");
        }
    }

    @Override
    public int compareTo(ResourceName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
