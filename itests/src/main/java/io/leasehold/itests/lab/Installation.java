package io.leasehold.itests.lab;

import io.leasehold.itests.lab.process.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Where the programs are that the lab runs: this source tree and this JDK. {@code ops/bin/lab} says
 * so in the environment; a test finds the tree above its working directory.
 */
public final class Installation {
    private static final String HOME_VARIABLE = "LEASEHOLD_HOME";
    private static final String MARK = "ops/bin/setup";
    private static final Duration PREPARATION_LIMIT = Duration.ofMinutes(4);

    private Installation() {}

    public static Path home() {
        var configured = System.getenv(HOME_VARIABLE);
        if (configured != null) {
            return Path.of(configured);
        }
        var start = Path.of("").toAbsolutePath();
        for (var path = start; path != null; path = path.getParent()) {
            if (Files.exists(path.resolve(MARK))) {
                return path;
            }
        }
        throw new IllegalStateException(
                "no source tree of Leasehold above " + start + "; set " + HOME_VARIABLE);
    }

    public static Path bin(String program) {
        return home().resolve("ops/bin").resolve(program);
    }

    /**
     * Makes what the daemon and its commands start from, if a build by Maven alone has not. Not for
     * several at once: the nodes of a lab would, if they had to.
     */
    static void prepareLaunch() throws IOException, InterruptedException {
        Command.of(bin("lib/prepare-launch").toString()).withLimit(PREPARATION_LIMIT).check();
    }

    public static Path java() {
        return Path.of(System.getProperty("java.home"), "bin", "java");
    }

    public static Path keytool() {
        return Path.of(System.getProperty("java.home"), "bin", "keytool");
    }
}
