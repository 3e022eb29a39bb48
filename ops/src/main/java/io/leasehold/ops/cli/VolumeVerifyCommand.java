package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.VerifyView;
import io.leasehold.ops.control.View;
import picocli.CommandLine.Command;

/** Compares both copies in full. */
@Command(
        name = "verify",
        description =
                "Compare both copies of the volume in full, while it is in use. Exit code 1 if they differ.",
        footer = {"", "Example:", "  clusterctl volume verify"})
final class VolumeVerifyCommand extends DaemonCommand {

    VolumeVerifyCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        return new Request.VolumeVerify();
    }

    @Override
    void print(View view) {
        var verify = (VerifyView) view;
        console.out().println(verify.sentence());
        console.out()
                .println(
                        verify.files()
                                + " files, "
                                + Text.size(verify.bytes())
                                + ", compared at operation "
                                + verify.sequence());
        verify.differences().forEach(line -> console.out().println("  " + line));
    }

    @Override
    ExitCode exitCode(View view) {
        return ((VerifyView) view).equal() ? ExitCode.DONE : ExitCode.FAILED;
    }
}
