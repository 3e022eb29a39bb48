package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import picocli.CommandLine.Command;

/** Has the peer compared in full, after a difference was found. */
@Command(
        name = "resync",
        description =
                "After the copies were found to differ: compare all of the peer's copy with the primary's"
                        + " now, and make it equal. What is replaced is kept as a branch. Only on the"
                        + " primary; until the peer is equal, it cannot take over.",
        footer = {"", "Example:", "  clusterctl volume resync"})
final class VolumeResyncCommand extends DaemonCommand {

    VolumeResyncCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.VolumeResync();
    }
}
