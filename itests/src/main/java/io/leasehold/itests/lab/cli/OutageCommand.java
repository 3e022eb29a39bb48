package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.client.OutageReport;
import io.leasehold.itests.lab.client.ProbeKind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "outage",
        description = "Ask the service every 20 ms while a command runs; print the longest gaps.",
        footer = {"", "Example:  lab outage -- ops/bin/lab power-off dhcp1"})
final class OutageCommand extends LabCommand {
    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            description = "how long to wait for recovery after the command (default: 60)")
    int waitSeconds = 60;

    @Option(names = "--samples", paramLabel = "FILE", description = "keep the raw samples (CSV)")
    @Nullable Path samples;

    @Parameters(arity = "1..*", paramLabel = "COMMAND", description = "what to run meanwhile")
    List<String> command = List.of();

    @Override
    int run() throws IOException, InterruptedException {
        int status;
        OutageReport report;
        try (var probe = lab().clients().probe()) {
            status = new ProcessBuilder(command).inheritIO().start().waitFor();
            report = probe.finish(Duration.ofSeconds(waitSeconds));
        }
        var file = samples;
        if (file != null) {
            report.writeSamples(file);
        }
        answer(report.toString(), describe(report, status));
        return status != DONE ? status : report.recovered() ? DONE : FAILED;
    }

    private static Map<String, Object> describe(OutageReport report, int status) {
        var kinds = new TreeMap<ProbeKind, OutageReport.Kind>(report.kinds());
        var object = object("exitStatus", status, "gapMillis", report.gapMillis());
        kinds.forEach((kind, value) -> object.put(kind.label(), value));
        object.put("naks", report.naks());
        object.put("duplicateServers", report.duplicateServers());
        object.put("recovered", report.recovered());
        return object;
    }
}
