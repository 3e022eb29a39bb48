package io.leasehold.itests.lab;

import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Keeps what both nodes saw when a test fails, as long as its lab is still there: their events,
 * their consoles and dhcpd's log, in {@code target/labs/TEST/LAB}. Found by JUnit itself ({@code
 * META-INF/services}).
 */
public final class LabEvidence
        implements TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler {
    private static final List<List<String>> QUESTIONS =
            List.of(List.of("events", "--last", "1000"), List.of("why"), List.of("status"));

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        keep(context, failure);
        throw failure;
    }

    @Override
    public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        keep(context, failure);
        throw failure;
    }

    @Override
    public void handleBeforeEachMethodExecutionException(
            ExtensionContext context, Throwable failure) throws Throwable {
        keep(context, failure);
        throw failure;
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        keep(context, failure);
        throw failure;
    }

    private static void keep(ExtensionContext context, Throwable failure) {
        var test =
                context.getRequiredTestClass().getSimpleName()
                        + context.getTestMethod().map(method -> "." + method.getName()).orElse("");
        try {
            for (var lab : LabDirectory.all()) {
                keep(lab, Path.of("target", "labs", test, lab.value()));
            }
        } catch (IOException | RuntimeException e) {
            // The test's own failure is what must be told.
            failure.addSuppressed(e);
        } catch (InterruptedException e) {
            failure.addSuppressed(e);
            Thread.currentThread().interrupt();
        }
    }

    private static void keep(LabName name, Path to) throws IOException, InterruptedException {
        var directory = LabDirectory.of(name);
        for (var node : LabNode.servers()) {
            var kept = Files.createDirectories(to.resolve(node.label()));
            try (var logs = Files.newDirectoryStream(directory.log(node))) {
                for (var log : logs) {
                    Files.copy(
                            log,
                            kept.resolve(log.getFileName()),
                            StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        var lab = Lab.find(name);
        if (lab.isEmpty()) {
            return;
        }
        for (var node : LabNode.servers()) {
            if (lab.get().node(node).isOn()) {
                for (var question : QUESTIONS) {
                    var answer = lab.get().pair().clusterctl(node, question.toArray(String[]::new));
                    Files.writeString(
                            to.resolve(node.label()).resolve(question.getFirst()),
                            answer.output() + answer.errors());
                }
            }
        }
    }
}
