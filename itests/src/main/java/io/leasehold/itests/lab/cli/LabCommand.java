package io.leasehold.itests.lab.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** What all commands have in common: which lab, and how to answer. */
abstract class LabCommand implements Callable<Integer> {
    static final int DONE = 0;
    static final int FAILED = 1;

    static final String LAB_DEFAULT = "lab";

    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(
            names = "--name",
            paramLabel = "LAB",
            defaultValue = LAB_DEFAULT,
            description = "which lab, if there are several (default: lab)")
    String name = LAB_DEFAULT;

    @Option(names = "--json", description = "answer with one JSON object on the last line")
    boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this text")
    boolean help;

    @Override
    public final Integer call() throws IOException, InterruptedException {
        return run();
    }

    abstract int run() throws IOException, InterruptedException;

    LabName labName() {
        return new LabName(name);
    }

    Lab lab() throws IOException {
        return Lab.find(labName())
                .orElseThrow(
                        () -> new CommandException("lab " + name + " is not up; run `lab up`"));
    }

    /** Says a sentence, or the same as an object. */
    void answer(String sentence, Object value) throws IOException {
        System.out.println(json ? JSON.writeValueAsString(value) : sentence);
    }

    void answer(String sentence, String key, Object value) throws IOException {
        answer(sentence, Map.of(key, value));
    }

    /** An object whose keys keep their order. */
    static Map<String, Object> object(Object... keysAndValues) {
        var map = new LinkedHashMap<String, Object>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
