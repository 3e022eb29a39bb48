package io.leasehold.ops.node;

import io.leasehold.blockrep.link.RecordCipher;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.Configuration;
import io.leasehold.ops.config.ConfigurationFile;
import io.leasehold.ops.config.Loaded;
import io.leasehold.ops.control.StartFailure;
import io.leasehold.ops.install.HostName;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process {@code clusterd}. Its keeper starts it:
 *
 * <pre>
 *   clusterd --keeper-socket SOCKET [--config FILE] [--node NAME]
 * </pre>
 */
public final class Main {
    private static final Logger log = LoggerFactory.getLogger(Main.class);

    private static final int EXIT_FAILED = 1;
    private static final int EXIT_USAGE = 2;

    private Main() {}

    /** What the command line says. */
    private record Arguments(Path config, Optional<String> node, Path keeper) {}

    public static void main(String[] args) throws InterruptedException {
        var arguments = parse(args);
        if (arguments.isEmpty()) {
            System.err.println(
                    "usage: clusterd --keeper-socket SOCKET [--config FILE] [--node NAME]");
            System.exit(EXIT_USAGE);
            return;
        }
        Thread.ofPlatform().daemon().name("rehearsal-cipher").start(Main::rehearseCipher);
        System.exit(run(arguments.get()));
    }

    /** Before all else, so that the compiler has nothing to do before it. */
    private static void rehearseCipher() {
        try {
            var _ = RecordCipher.rehearse();
        } catch (GeneralSecurityException e) {
            // The link to the peer fails in the same way, and tells whom it concerns.
            log.debug("the rehearsal failed: {}", e.getMessage());
        }
    }

    private static Optional<Arguments> parse(String[] args) {
        var config = ConfigurationFile.DEFAULT;
        var node = Optional.<String>empty();
        var keeper = Optional.<Path>empty();
        for (int i = 0; i + 1 < args.length; i += 2) {
            switch (args[i]) {
                case "--config" -> config = Path.of(args[i + 1]).toAbsolutePath();
                case "--node" -> node = Optional.of(args[i + 1]);
                case "--keeper-socket" ->
                        keeper = Optional.of(Path.of(args[i + 1]).toAbsolutePath());
                default -> {
                    return Optional.empty();
                }
            }
        }
        if (args.length % 2 != 0 || keeper.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Arguments(config, node, keeper.get()));
    }

    private static int run(Arguments arguments) throws InterruptedException {
        switch (ConfigurationFile.load(arguments.config())) {
            case Loaded.Invalid(var problems) -> {
                problems.forEach(problem -> log.error("{}", problem));
                return EXIT_USAGE;
            }
            case Loaded.Valid(var configuration, var effective, var warnings) -> {
                warnings.forEach(warning -> log.warn("{}", warning));
                try {
                    var self = self(arguments);
                    if (!configuration.nodes().containsKey(self)) {
                        log.error(
                                "{}: this machine is {}, but the nodes are {}: name one with --node",
                                arguments.config(),
                                self,
                                configuration.nodes().keySet());
                        return EXIT_USAGE;
                    }
                    return run(
                            new Node(
                                    new Settings(configuration, self),
                                    arguments.config().toString(),
                                    effective),
                            arguments.keeper(),
                            configuration,
                            StartRoom.of(configuration, self));
                } catch (IOException | IllegalArgumentException e) {
                    log.error("cannot run: {}", e.getMessage(), e);
                    return EXIT_FAILED;
                }
            }
        }
    }

    /** A node that cannot start says why to those who ask for it here, not only in the log. */
    private static int run(Node node, Path keeper, Configuration configuration, StartRoom room)
            throws InterruptedException {
        try {
            node.run(keeper);
            return 0;
        } catch (IOException | IllegalArgumentException e) {
            var failure = String.valueOf(e.getMessage());
            var remedy = room.remedy(failure);
            if (remedy.isPresent()) {
                log.error("cannot run: {}", remedy.get());
            } else {
                log.error("cannot run: {}", failure, e);
            }
            tellCallers(configuration, remedy.orElse(failure));
            // The keeper starts the next one, which says the same; well before it would end this
            // one.
            if (remedy.isPresent()
                    && room.await(configuration.timing().daemonStartLimit().dividedBy(2))) {
                log.info("there is room on the disk again");
            }
            return EXIT_FAILED;
        }
    }

    private static void tellCallers(Configuration configuration, String why) {
        try {
            new StartFailure(configuration.control().socket()).leave(Instant.now(), why);
        } catch (IOException e) {
            log.warn("clusterctl cannot say why there is no daemon: {}", e.toString());
        }
    }

    private static NodeName self(Arguments arguments) throws IOException {
        return arguments.node().isPresent()
                ? new NodeName(arguments.node().get())
                : HostName.asNode();
    }
}
