package io.leasehold.ops.cli;

import io.leasehold.ops.control.BranchView;
import io.leasehold.ops.control.ControlClient;
import io.leasehold.ops.control.Json;
import io.leasehold.ops.control.LeaseDifferenceView;
import io.leasehold.ops.control.LeaseDifferenceView.LeaseView;
import io.leasehold.ops.control.Reply;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Copies a branch out. With the rights of the person who asks, not with the daemon's: the control
 * socket is no way to write files as root.
 */
@Command(
        name = "export",
        description =
                "Copy a branch to DIR, which must be absent or empty: its files as they were"
                        + " (files/), every lease that differs from the live volume (leases.tsv),"
                        + " and what branches show says (branch.json). On the node that keeps it.",
        footer = {
            "",
            "Example:",
            "  clusterctl branches export 2026-11-23T035538Z-dhcp1-epoch7-seq4711 /root/lost"
        })
final class BranchesExportCommand extends DaemonCommand {
    private static final String FILES = "files";
    private static final String LEASES = "leases.tsv";
    private static final String BRANCH = "branch.json";

    @Parameters(
            index = "0",
            paramLabel = "BRANCH",
            arity = "1",
            description = "As branches list names it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls.
    private String branch;

    @Parameters(index = "1", paramLabel = "DIR", arity = "1", description = "Where to put it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls.
    private Path directory;

    private Optional<BranchView> shown = Optional.empty();

    BranchesExportCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.Branch(branch);
    }

    /** What the daemon has shown is what is copied; the answer is how that ended. */
    @Override
    boolean holdsBack(View view) {
        shown = Optional.of((BranchView) view);
        return true;
    }

    @Override
    public Integer call() throws IOException {
        var asked = ask();
        if (shown.isEmpty()) {
            return asked.code();
        }
        Reply.Answer outcome;
        try {
            outcome = export(shown.get());
        } catch (IOException e) {
            outcome =
                    new Reply.Failed(
                            "the branch is not, or not wholly, in %s: %s"
                                    .formatted(directory, reason(e)));
        }
        return show(outcome).code();
    }

    /** The message of one that a file caused is often the file's name, and its class the rest. */
    private static String reason(IOException e) {
        return e instanceof FileSystemException file && file.getReason() == null
                ? file.getClass().getSimpleName() + ": " + file.getFile()
                : String.valueOf(e.getMessage());
    }

    private Reply.Answer export(BranchView view) throws IOException {
        if (Files.exists(directory)) {
            if (!Files.isDirectory(directory)) {
                return new Reply.Failed(
                        directory + " is no directory; nothing was written, name another one");
            }
            try (var entries = Files.list(directory)) {
                if (entries.findAny().isPresent()) {
                    return new Reply.Failed(
                            directory + " is not empty; nothing was written, name another one");
                }
            }
        }
        Files.createDirectories(directory.resolve(FILES));
        copyFiles(Path.of(view.directory()));
        var ending = writeLeases();
        if (!(ending instanceof Reply.Done)) {
            return ending;
        }
        Files.writeString(directory.resolve(BRANCH), Json.of(view) + "\n");
        return new Reply.Done(
                "%s is in %s: its files, and %d leases that differ."
                        .formatted(view.name(), directory, view.leasesDifferent()));
    }

    /** With everything that they have: owner, mode, times, links, attributes, holes, pipes. */
    private void copyFiles(Path tree) throws IOException {
        var process =
                new ProcessBuilder(
                                "cp", "-a", "--", tree + "/.", directory.resolve(FILES).toString())
                        .redirectErrorStream(true)
                        .start();
        process.getOutputStream().close();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(said.strip());
            }
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private Reply.Answer writeLeases() throws IOException {
        try (var out = Files.newBufferedWriter(directory.resolve(LEASES))) {
            out.write(
                    "address\tdifference\tat-risk"
                            + "\tbranch-state\tbranch-ends\tbranch-client\tbranch-hostname"
                            + "\tlive-state\tlive-ends\tlive-client\tlive-hostname\n");
            return new ControlClient(options.socket(console))
                    .call(
                            new Request.BranchLeases(branch),
                            reply -> {
                                if (reply instanceof Reply.Lease(var lease)) {
                                    writeLine(out, lease);
                                }
                            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static void writeLine(BufferedWriter out, LeaseDifferenceView lease) {
        try {
            out.write(
                    String.join(
                                    "\t",
                                    lease.address(),
                                    lease.difference(),
                                    Text.yesOrNo(lease.atRisk()),
                                    columns(lease.branch()),
                                    columns(lease.live()))
                            + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String columns(Optional<LeaseView> lease) {
        return lease.map(known ->
                        String.join(
                                "\t",
                                known.state(),
                                known.ends(),
                                known.client(),
                                known.hostname().replaceAll("\\s", " ")))
                .orElse("\t\t\t");
    }
}
