package io.leasehold.ops.node;

import io.leasehold.blockrep.link.RecordCipher;
import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.FlightRecorderOptions;
import io.leasehold.heartbeat.history.Observation;
import io.leasehold.ops.config.ConfigurationFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import javax.net.ssl.SSLContext;

/**
 * Loads what a daemon loads when it starts and replicates for a few seconds, so that the virtual
 * machine can write its start-up cache (JEP 483, JEP 515): a restarted daemon has 0.8 s.
 */
public final class Rehearsal {
    private static final String OURS = "io/leasehold/";

    private Rehearsal() {}

    public static void main(String[] args)
            throws IOException, InterruptedException, GeneralSecurityException {
        var problems = ConfigurationFile.parse("cluster { name = rehearsal }", "rehearsal");
        loadOurClasses();
        var _ = RecordCipher.rehearse();
        var context = SSLContext.getInstance("TLSv1.3");
        context.init(null, null, null);
        var engine = context.createSSLEngine();
        var directory = Files.createTempDirectory("leasehold-rehearsal");
        try (var recorder =
                FlightRecorder.start(
                        new FlightRecorderOptions(directory, "rehearsal"),
                        InstantSource.system(),
                        System::nanoTime)) {
            recorder.record(
                    new Observation(
                            "observed", "", List.of(), "rehearsal", Map.of("took", Duration.ZERO)));
            if (!recorder.awaitSequence(1, Duration.ofSeconds(20).toNanos())) {
                throw new IOException("the history does not open");
            }
            System.out.println(
                    problems + " " + engine.getSession() + " " + recorder.last(1).size());
            replicate(directory);
        } finally {
            delete(directory);
        }
    }

    /** As far as this machine lets us: whoever builds may have no right to mount. */
    private static void replicate(Path directory)
            throws InterruptedException, GeneralSecurityException {
        try {
            ReplicationRehearsal.run(directory);
        } catch (IOException e) {
            System.out.println("no rehearsal of replication: " + e.getMessage());
        }
    }

    private static void loadOurClasses() throws IOException {
        for (var entry : System.getProperty("java.class.path").split(":", -1)) {
            if (!entry.endsWith(".jar") || !Files.exists(Path.of(entry))) {
                continue;
            }
            try (var jar = new JarFile(entry)) {
                var names =
                        jar.stream()
                                .map(file -> file.getName())
                                .filter(name -> name.startsWith(OURS) && name.endsWith(".class"))
                                .filter(name -> !name.endsWith("package-info.class"))
                                .toList();
                for (var name : names) {
                    load(name.substring(0, name.length() - ".class".length()).replace('/', '.'));
                }
            }
        }
    }

    private static void load(String name) {
        try {
            var unused = Class.forName(name, false, Rehearsal.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            System.out.println(name + " is left out: " + e);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
