package io.leasehold.ops.witness;

import io.leasehold.heartbeat.zookeeper.Member;
import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process of one member: {@code witness [--config FILE] [--name NAME]}.
 *
 * <p>Exit codes: 2 the configuration or the command line is wrong, 3 the configuration asks for no
 * member, 1 everything else.
 */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);

    private static final int EXIT_FAILED = 1;
    private static final int EXIT_USAGE = 2;
    private static final int EXIT_NOT_WANTED = 3;

    private Main() {}

    public static void main(String[] args) {
        var config = ConfigurationFile.DEFAULT;
        var name = "witness";
        for (int i = 0; i + 1 < args.length; i += 2) {
            switch (args[i]) {
                case "--config" -> config = Path.of(args[i + 1]).toAbsolutePath();
                case "--name" -> name = args[i + 1];
                default -> {
                    log.error("usage: witness [--config FILE] [--name NAME], not {}", args[i]);
                    System.exit(EXIT_USAGE);
                }
            }
        }
        System.exit(run(config, name));
    }

    private static int run(Path file, String name) {
        switch (ConfigurationFile.load(file)) {
            case Loaded.Invalid(var problems) -> {
                problems.forEach(problem -> log.error("{}", problem));
                return EXIT_USAGE;
            }
            case Loaded.Valid(var configuration, _, var warnings) -> {
                warnings.forEach(warning -> log.warn("{}", warning));
                try {
                    var member = EnsembleSettings.member(configuration, name);
                    if (member.isEmpty()) {
                        return EXIT_NOT_WANTED;
                    }
                    log.info("member {} ({}) of the ensemble", member.get().self(), name);
                    Member.run(member.get());
                    return 0;
                } catch (IOException e) {
                    log.error("cannot run: {}", e.getMessage());
                    return EXIT_FAILED;
                }
            }
        }
    }
}
