package io.leasehold.ops.control;

/**
 * What runs on the node that answers.
 *
 * @param version of the daemon
 * @param controlProtocol of this socket
 * @param java of the daemon's virtual machine
 * @param kernel of the machine
 * @param processId of the daemon
 * @param uptimeMillis of the daemon
 */
public record VersionView(
        String node,
        String version,
        int controlProtocol,
        String java,
        String kernel,
        long processId,
        long uptimeMillis)
        implements View {}
