package io.leasehold.itests.lab;

import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What both boxes have written, and what their daemons say of themselves: it goes with the lab. */
public final class LabLogs {
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(20);

    private LabLogs() {}

    /**
     * Keeps it in a directory of its own. Those of an earlier time are removed: they are of another
     * history. A lab that is not up as a whole, a box that is off, or a daemon that does not
     * answer, is no error.
     */
    public static void keep(LabName name, Path directory) throws IOException, InterruptedException {
        Command.of("rm", "-rf", "--", directory.toString()).check();
        Files.createDirectories(directory);
        var from = LabDirectory.of(name);
        copy(from.clients(), directory.resolve("clients"));
        var lab = Lab.find(name);
        for (var node : LabNode.servers()) {
            copy(from.log(node), directory.resolve(node.label()));
            if (lab.isPresent()) {
                for (var question : List.of("status", "why", "events --last 3000", "explain")) {
                    Files.writeString(
                            directory.resolve(node.label() + "." + question.split(" ", -1)[0]),
                            ask(lab.get(), node, question));
                }
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException, InterruptedException {
        Command.of("cp", "-r", "--", from.toString(), to.toString()).run();
    }

    private static String ask(Lab lab, LabNode node, String question)
            throws IOException, InterruptedException {
        var words = new ArrayList<>(List.of(Installation.bin("clusterctl").toString()));
        words.addAll(List.of(question.split(" ", -1)));
        try {
            var answer = lab.in(node, Command.of(words).withLimit(ANSWER_LIMIT)).run();
            return answer.output() + answer.errors();
        } catch (CommandException e) {
            return e.toString();
        }
    }
}
