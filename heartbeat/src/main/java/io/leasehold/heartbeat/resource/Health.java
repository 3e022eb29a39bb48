package io.leasehold.heartbeat.resource;

/** Answer of a monitor. */
public sealed interface Health {
    record Good() implements Health {}

    record Failed(String reason) implements Health {}
}
