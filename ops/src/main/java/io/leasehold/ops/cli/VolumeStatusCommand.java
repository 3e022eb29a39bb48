package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import io.leasehold.ops.control.VolumeView;
import picocli.CommandLine.Command;

/** The replicated volume on this node. */
@Command(
        name = "status",
        description = "Show the replicated volume on this node.",
        footer = {"", "Example:", "  clusterctl volume status"})
final class VolumeStatusCommand extends DaemonCommand {

    VolumeStatusCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.VolumeStatus();
    }

    @Override
    void print(View view) {
        console.out().print(StatusPage.volume((VolumeView) view));
    }
}
