package io.leasehold.itests.lab;

import io.leasehold.itests.lab.power.LabDirectory;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Keeps {@link LabLogs} when a test fails, as long as its lab is still there, in {@code
 * target/labs/TEST/LAB}. Found by JUnit itself ({@code META-INF/services}).
 */
public final class LabEvidence
        implements TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler {
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
                LabLogs.keep(lab, Path.of("target", "labs", test, lab.value()));
            }
        } catch (IOException | RuntimeException e) {
            // The test's own failure is what must be told.
            failure.addSuppressed(e);
        } catch (InterruptedException e) {
            failure.addSuppressed(e);
            Thread.currentThread().interrupt();
        }
    }
}
