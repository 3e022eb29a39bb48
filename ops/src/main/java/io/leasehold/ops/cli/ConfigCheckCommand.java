package io.leasehold.ops.cli;

import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import io.leasehold.ops.config.Problem;
import io.leasehold.ops.control.ConfigCheckView;
import io.leasehold.ops.control.ConfigCheckView.ProblemView;
import io.leasehold.ops.control.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Checks a configuration file; no daemon is asked, and nothing is changed. */
@Command(
        name = "check",
        description =
                "Check a configuration file and print everything that is wrong with it. Nothing that"
                        + " runs is changed. Exit code 1 if the file would be refused.",
        footer = {"", "Example:", "  clusterctl config check /etc/leasehold/leasehold.conf"})
final class ConfigCheckCommand implements Callable<Integer> {
    private final Console console;

    @Mixin private final Options options = new Options();

    @Parameters(
            index = "0",
            paramLabel = "FILE",
            arity = "0..1",
            description = "Default: /etc/leasehold/leasehold.conf.")
    private Path file = ConfigurationFile.DEFAULT;

    ConfigCheckCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        var code =
                switch (ConfigurationFile.load(file)) {
                    case Loaded.Valid valid -> {
                        print(List.of(), valid.warnings());
                        yield ExitCode.DONE;
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
