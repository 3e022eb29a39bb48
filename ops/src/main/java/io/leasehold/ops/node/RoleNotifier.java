package io.leasehold.ops.node;

import io.leasehold.heartbeat.controller.Effect;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells scripts of a change of role, as keepalived users know it: each executable of {@code
 * notify.d}, in the order of their names, is run with {@code master}, {@code backup} or {@code
 * fault}; the role stands in a file, too. Changes are told one after the other, each completely.
 */
final class RoleNotifier implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RoleNotifier.class);

    /** A script that takes longer is killed, so that it cannot hold up the next change. */
    private static final Duration SCRIPT_LIMIT = Duration.ofSeconds(30);

    private static final int SCRIPTS_MAX = 100;

    private final Path scripts;
    private final Path roleFile;
    private final ExecutorService teller =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().name("role-notifier").daemon().factory());

    RoleNotifier(Path scripts, Path roleFile) {
        this.scripts = scripts;
        this.roleFile = roleFile;
    }

    void changed(Effect.NotifiedRole role) {
        teller.execute(() -> tell(role.name().toLowerCase(Locale.ROOT)));
    }

    private void tell(String role) {
        try {
            var fresh = roleFile.resolveSibling(roleFile.getFileName() + ".new");
            Files.writeString(fresh, role + "\n");
            Files.move(fresh, roleFile, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            log.warn("cannot write the role into {}: {}", roleFile, e.getMessage());
        }
        for (var script : executables()) {
            run(script, role);
        }
    }

    private List<Path> executables() {
        if (!Files.isDirectory(scripts)) {
            return List.of();
        }
        try (var entries = Files.list(scripts)) {
            return entries.filter(Files::isRegularFile)
                    .filter(Files::isExecutable)
                    .sorted()
                    .limit(SCRIPTS_MAX)
                    .toList();
        } catch (IOException e) {
            log.warn("cannot read {}: {}", scripts, e.getMessage());
            return List.of();
        }
    }

    private static void run(Path script, String role) {
        try {
            var process =
                    new ProcessBuilder(script.toString(), role)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .start();
            if (!process.waitFor(SCRIPT_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                log.warn("{} {} took longer than {} and was killed", script, role, SCRIPT_LIMIT);
            } else if (process.exitValue() != 0) {
                log.warn("{} {} ended with status {}", script, role, process.exitValue());
            }
        } catch (IOException e) {
            log.warn("cannot run {}: {}", script, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        teller.shutdown();
    }
}
