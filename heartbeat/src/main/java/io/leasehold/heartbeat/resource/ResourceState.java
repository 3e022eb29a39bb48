package io.leasehold.heartbeat.resource;

/**
 * Life of a resource on this node.
 *
 * <pre>
 *   STOPPED --start--> STARTING --started--> STARTED --stop--> STOPPING --stopped--> STOPPED
 *                         |                     |                  |
 *                         +--failed, timed out--+--monitor failed--+   (stopped, then started again)
 *   STOPPED --failed migration-threshold times--> BLOCKED --cleanup, failure-timeout--> STOPPED
 *   STOPPING --failed, timed out--> STOP_FAILED   (ends in a self-fence, never left)
 * </pre>
 */
public enum ResourceState {
    STOPPED,
    STARTING,
    STARTED,
    STOPPING,
    /** Failed too often on this node. */
    BLOCKED,
    STOP_FAILED
}
