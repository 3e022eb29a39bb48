package io.leasehold.ops.cli;

import java.io.IOException;
import picocli.CommandLine.Option;

/** Asks a person at a terminal for words that are not typed by accident. A script is not asked. */
final class Confirmation {
    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    boolean isGiven(Console console, String warning, String words) throws IOException {
        if (yes || !console.interactive()) {
            return true;
        }
        console.err().println(warning);
        if (console.ask("Type \"" + words + "\" to go on: ").strip().equals(words)) {
            return true;
        }
        console.err().println("Nothing was done.");
        console.err().flush();
        return false;
    }
}
