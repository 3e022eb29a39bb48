package io.leasehold.itests.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.leasehold.itests.lab.Installation;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.network.LabName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** What all benchmarks have in common: a lab of their own, progress, raw samples, the answer. */
abstract class BenchCommand implements Callable<Integer> {
    static final LabName LAB = new LabName("bench");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

    @Option(names = "--json", description = "the last line is one object with the figures")
    boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this text")
    boolean help;

    private final String stamp = STAMP.format(OffsetDateTime.now(ZoneOffset.UTC));

    @Override
    public final Integer call() throws IOException, InterruptedException {
        Lab.down(LAB);
        try {
            return run();
        } finally {
            Lab.down(LAB);
        }
    }

    /** Measures; returns 0 if what must hold holds. */
    abstract int run() throws IOException, InterruptedException;

    Lab plainLab(LabOptions options) throws IOException, InterruptedException {
        Lab.down(LAB);
        return Lab.up(LAB, options.withServer(LabOptions.Server.PLAIN));
    }

    Lab pairLab(LabOptions options) throws IOException, InterruptedException {
        Lab.down(LAB);
        var lab = Lab.up(LAB, options.withServer(LabOptions.Server.LEASEHOLD));
        lab.pair().awaitServing();
        lab.pair().awaitInSync();
        return lab;
    }

    static void say(String line) {
        System.out.println(line);
    }

    /** A file for raw samples. */
    Path raw(String name) throws IOException {
        var directory = Installation.home().resolve("itests/target/bench/" + stamp);
        Files.createDirectories(directory);
        return directory.resolve(name);
    }

    void keep(String name, List<String> lines) throws IOException {
        Files.write(raw(name), lines);
    }

    /**
     * Prints the figures.
     *
     * @param figures its components are what scripts read
     */
    void answer(Record figures) throws IOException {
        JSON.convertValue(figures, ObjectNode.class)
                .properties()
                .forEach(figure ->
                        say(
                                "%-24s %s"
                                        .formatted(
                                                figure.getKey(),
                                                figure.getValue().isValueNode()
                                                        ? figure.getValue().asText()
                                                        : figure.getValue().toString())));
        say("raw samples: " + raw("").getParent());
        if (json) {
            System.out.println(JSON.writeValueAsString(figures));
        }
    }

    /** Two digits after the point are more than these figures deserve. */
    static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
