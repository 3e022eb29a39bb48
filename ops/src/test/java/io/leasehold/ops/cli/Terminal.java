package io.leasehold.ops.cli;

import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Path;

/** Runs commands in this process, as if somebody typed them. */
final class Terminal {
    private final Path socket;
    private final boolean interactive;
    private final boolean colour;
    private final String input;
    private int pausesLeft;

    private Terminal(
            Path socket, boolean interactive, boolean colour, String input, int pausesLeft) {
        this.socket = socket;
        this.interactive = interactive;
        this.colour = colour;
        this.input = input;
        this.pausesLeft = pausesLeft;
    }

    record Result(int code, String out, String err) {}

    static Terminal script(Path socket) {
        return new Terminal(socket, false, false, "", 0);
    }

    static Terminal person(Path socket, String types) {
        return new Terminal(socket, true, true, types, 0);
    }

    /** One who presses Control-C after so many pauses. */
    Terminal interruptingAfter(int pauses) {
        return new Terminal(socket, interactive, colour, input, pauses);
    }

    Result run(String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        var console =
                new Console(
                        new PrintWriter(out),
                        new PrintWriter(err),
                        new BufferedReader(new StringReader(input)),
                        interactive,
                        colour,
                        socket,
                        _ -> pausesLeft-- > 0);
        var code = Clusterctl.run(console, arguments);
        console.out().flush();
        console.err().flush();
        return new Result(code, out.toString(), err.toString());
    }
}
