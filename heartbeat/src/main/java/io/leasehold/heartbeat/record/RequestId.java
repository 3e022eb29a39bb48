package io.leasehold.heartbeat.record;

/**
 * Names one wish to change the record, unique across nodes and restarts (R11).
 *
 * <p>The counter is durable before the request leaves the node, so that a restarted process never
 * takes its predecessor's late request for its own (H4).
 */
public record RequestId(NodeName node, long number) {

    public RequestId {
        if (number < 0) {
            throw new IllegalArgumentException("request number " + number + " is negative");
        }
    }

    @Override
    public String toString() {
        return node + "-" + number;
    }
}
