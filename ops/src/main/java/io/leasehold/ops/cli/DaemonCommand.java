package io.leasehold.ops.cli;

import io.leasehold.ops.control.ControlClient;
import io.leasehold.ops.control.Json;
import io.leasehold.ops.control.Reply;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.View;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** A command that the daemon carries out: what all of them do with its answer. */
abstract class DaemonCommand implements Callable<Integer> {
    final Console console;

    @Mixin final Options options = new Options();

    DaemonCommand(Console console) {
        this.console = console;
    }

    /** What to ask; called once per question. */
    abstract Request request();

    /** Prints a report for a person. Only commands that are answered by one need it. */
    void print(View view) {
        throw new IllegalStateException("no report was expected, but " + view);
    }

    /** What a report says by itself; most say that all is well. */
    ExitCode exitCode(View view) {
        return ExitCode.DONE;
    }

    @Override
    public Integer call() throws IOException {
        return ask().code();
    }

    final ExitCode ask() {
        try {
            return show(
                    new ControlClient(options.socket(console))
                            .call(request(), this::showMeanwhile));
        } catch (IOException e) {
            return showUnreachable(String.valueOf(e.getMessage()));
        }
    }

    /** Progress goes to a person only; JSON has one object, the answer. */
    void showMeanwhile(Reply reply) {
        if (reply instanceof Reply.Progress(var text) && !options.json()) {
            console.err().println("  " + text);
            console.err().flush();
        }
    }

    /**
     * Whether a report is not what the command prints; it is handed over by this call, and the
     * command says by itself how it ended.
     */
    boolean holdsBack(View view) {
        return false;
    }

    final ExitCode show(Reply.Answer answer) {
        if (answer instanceof Reply.Report(var view) && holdsBack(view)) {
            return ExitCode.DONE;
        }
        if (options.json()) {
            console.out().println(Json.of(answer));
        }
        var code =
                switch (answer) {
                    case Reply.Report(var view) -> {
                        if (!options.json()) {
                            print(view);
                        }
                        yield exitCode(view);
                    }
                    case Reply.Done(var sentence) -> {
                        if (!options.json() && !sentence.isEmpty()) {
                            console.out().println(sentence);
                        }
                        yield ExitCode.DONE;
                    }
                    case Reply.Failed(var sentence) -> {
                        printError("failed: " + sentence);
                        yield ExitCode.FAILED;
                    }
                    case Reply.Refused refused -> {
                        printRefusal(refused);
                        yield ExitCode.REFUSED;
                    }
                };
        console.out().flush();
        return code;
    }

    private void printRefusal(Reply.Refused refused) {
        var rule = refused.rule().isEmpty() ? "" : " (" + refused.rule() + ")";
        printError("refused" + rule + ": " + refused.sentence());
        for (var check : refused.checks()) {
            if (!check.ok()) {
                var checkRule = check.rule().isEmpty() ? "" : " (" + check.rule() + ")";
                printError("  " + check.name() + ": " + check.sentence() + checkRule);
            }
        }
    }

    private ExitCode showUnreachable(String sentence) {
        if (options.json()) {
            console.out().println(Json.unreachable(sentence));
            console.out().flush();
        }
        printError("clusterd is not reachable: " + sentence);
        return ExitCode.UNREACHABLE;
    }

    private void printError(String line) {
        if (!options.json()) {
            console.err().println(line);
            console.err().flush();
        }
    }
}
