package io.leasehold.ops.cli;

import io.leasehold.ops.control.BranchesView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import picocli.CommandLine.Command;

/** The branches of both nodes. */
@Command(
        name = "list",
        description = "List the branches that both nodes keep, the newest of each first.",
        footer = {"", "Example:", "  clusterctl branches list"})
final class BranchesListCommand extends DaemonCommand {

    BranchesListCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Branches();
    }

    @Override
    void print(View view) {
        var branches = (BranchesView) view;
        // The name says whose it was, and when; it is typed, so it is never broken.
        var table = new Table("FILES", "SIZE", "SEEN", "BRANCH");
        for (var branch : branches.branches()) {
            table.row(
                    String.valueOf(branch.files()),
                    Text.size(branch.bytes()),
                    Text.yesOrNo(branch.lookedAt()),
                    branch.name());
        }
        console.out()
                .print(
                        table.isEmpty()
                                ? "No branch is kept.\n"
                                : table.print(Console.WIDTH_COLUMNS));
        branches.remarks().forEach(remark -> console.out().println("! " + remark));
    }
}
