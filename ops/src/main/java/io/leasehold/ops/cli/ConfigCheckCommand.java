package io.leasehold.ops.cli;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import io.leasehold.ops.config.Problem;
import io.leasehold.ops.control.ConfigCheckView;
import io.leasehold.ops.control.ConfigCheckView.ProblemView;
import io.leasehold.ops.control.Json;
import io.leasehold.ops.install.MachineCheck;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks a configuration file; no daemon is asked, and nothing is changed. */
@Command(
        name = "check",
        description =
                "Check a configuration file and print everything that is wrong with it. Nothing that"
                        + " runs is changed. Exit code 1 if the file would be refused, or with"
                        + " --machine if this machine lacks something.",
        footer = {
            "",
            "Example:",
            "  clusterctl config check /etc/leasehold/leasehold.conf",
            "  clusterctl config check --machine"
        })
final class ConfigCheckCommand implements Callable<Integer> {
    private final Console console;

    @Mixin private final Options options = new Options();

    @Parameters(
            index = "0",
            paramLabel = "FILE",
            arity = "0..1",
            description = "Default: /etc/leasehold/leasehold.conf.")
    private Path file = ConfigurationFile.DEFAULT;

    @Option(
            names = "--machine",
            description =
                    "Look at this machine too: is all there that the file names, and does nothing"
                            + " on it get in the way?")
    private boolean machine;

    @Option(
            names = "--node",
            paramLabel = "NAME",
            description = "Which node this machine is. Default: its short host name.")
    private @Nullable NodeName node;

    ConfigCheckCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        var code =
                switch (ConfigurationFile.load(file)) {
                    case Loaded.Valid valid -> {
                        var problems = new ArrayList<Problem>();
                        var warnings = new ArrayList<>(valid.warnings());
                        if (machine) {
                            var found =
                                    MachineCheck.of(
                                            Path.of("/"),
                                            valid,
                                            file.toString(),
                                            Optional.ofNullable(node));
                            problems.addAll(found.problems());
                            warnings.addAll(found.warnings());
                        }
                        print(problems, warnings);
                        yield problems.isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
                    }
                    case Loaded.Invalid invalid -> {
                        print(invalid.problems(), List.of());
                        yield ExitCode.FAILED;
                    }
                };
        console.out().flush();
        return code.code();
    }

    private void print(List<Problem> problems, List<Problem> warnings) {
        if (options.json()) {
            console.out()
                    .println(
                            Json.of(
                                    new ConfigCheckView(
                                            file.toString(),
                                            problems.isEmpty(),
                                            views(problems),
                                            views(warnings))));
            return;
        }
        problems.forEach(problem -> console.out().println(problem));
        warnings.forEach(warning -> console.out().println(asWarning(warning)));
        console.out()
                .println(
                        problems.isEmpty()
                                ? file + ": good"
                                : file + ": " + counted(problems.size()) + ", nothing was changed");
    }

    private static String asWarning(Problem problem) {
        return new Problem(
                        problem.place(),
                        problem.key(),
                        "warning: " + problem.message(),
                        problem.hint())
                .toString();
    }

    private static String counted(int problems) {
        return problems == 1 ? "1 problem" : problems + " problems";
    }

    private static List<ProblemView> views(List<Problem> problems) {
        return problems.stream()
                .map(problem ->
                        new ProblemView(
                                problem.place().file(),
                                problem.place().line(),
                                problem.place().column(),
                                problem.key(),
                                problem.message(),
                                problem.hint()))
                .toList();
    }
}
