package io.leasehold.ops.cli;

import io.leasehold.ops.control.BranchView;
import io.leasehold.ops.control.LeaseDifferenceView.LeaseView;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** One branch against the live volume. */
@Command(
        name = "show",
        description =
                "Show what a branch has that the live volume has not, and the other way round: file"
                        + " by file, and lease by lease. On the node that keeps it.",
        footer = {
            "",
            "Example:",
            "  clusterctl branches show 2026-11-23T035538Z-dhcp1-epoch7-seq4711"
        })
final class BranchesShowCommand extends DaemonCommand {
    @Parameters(
            index = "0",
            paramLabel = "BRANCH",
            arity = "1",
            description = "As branches list names it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls.
    private String branch;

    BranchesShowCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Branch(branch);
    }

    @Override
    void print(View view) {
        print((BranchView) view, console);
    }

    private static void print(BranchView branch, Console console) {
        var out = console.out();
        out.println(Text.wrap(branch.sentence(), Console.WIDTH_COLUMNS, ""));
        out.println();
        out.println("branch  " + branch.directory());
        out.println("live    " + branch.liveDirectory());
        if (!branch.files().isEmpty()) {
            var table = new Table("IN THE BRANCH", "LIVE", "FILE");
            for (var file : branch.files()) {
                table.row(size(file.branchBytes()), size(file.liveBytes()), file.path());
            }
            out.println();
            out.print(table.print(Console.WIDTH_COLUMNS));
            more(console, branch.filesDifferent() - branch.files().size());
        }
        if (!branch.leases().isEmpty()) {
            var table = new Table("ADDRESS", "AT RISK", "WHERE", "STATE, END, CLIENT");
            for (var lease : branch.leases()) {
                table.row(
                        lease.address(),
                        Text.yesOrNo(lease.atRisk()),
                        "branch",
                        record(lease.branch()));
                table.row("", "", "live", record(lease.live()));
            }
            out.println();
            out.print(table.print(Console.WIDTH_COLUMNS));
            more(console, branch.leasesDifferent() - branch.leases().size());
        }
    }

    private static void more(Console console, long notShown) {
        if (notShown > 0) {
            console.out().println("and " + notShown + " more: clusterctl branches export");
        }
    }

    private static String record(Optional<LeaseView> lease) {
        return lease.map(known ->
                        "%s, %s, %s%s"
                                .formatted(
                                        known.state(),
                                        known.ends(),
                                        known.client(),
                                        known.hostname().isEmpty()
                                                ? ""
                                                : " (" + known.hostname() + ")"))
                .orElse("-");
    }

    private static String size(OptionalLong bytes) {
        return bytes.isPresent() ? Text.size(bytes.getAsLong()) : "-";
    }
}
