package io.leasehold.ops.cli;

import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.VerifyView;
import io.leasehold.ops.control.View;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Compares both copies in full. */
@Command(
        name = "verify",
        description =
                "Compare both copies of the volume in full, while it is in use. Exit code 1 if they differ.",
        footer = {"", "Example:", "  clusterctl volume verify --rate 10"})
final class VolumeVerifyCommand extends DaemonCommand {
    private static final int MIB_BITS = 20;
    private static final long RATE_MIB_MAX = 10_240;

    @Option(
            names = "--rate",
            paramLabel = "MIB",
            description =
                    "Read at most so many MiB/s on each node, up to 10240; 0: as fast as it goes"
                            + " while writers have three quarters of the time. Default:"
                            + " volume.verify-rate of the configuration.")
    private @Nullable Long rateMib;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    VolumeVerifyCommand(Console console) {
        super(console);
    }

    @Override
    Request request() {
        if (rateMib != null && (rateMib < 0 || rateMib > RATE_MIB_MAX)) {
            throw new ParameterException(
                    spec.commandLine(), "--rate: expected 0 to 10240 MiB/s, found " + rateMib);
        }
        return new Request.VolumeVerify(
                rateMib == null ? OptionalLong.empty() : OptionalLong.of(rateMib << MIB_BITS));
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
