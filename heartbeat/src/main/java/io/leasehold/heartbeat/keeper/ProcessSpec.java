package io.leasehold.heartbeat.keeper;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A process that the keeper runs for the service, usually the DHCP server.
 *
 * <p>It gets a session of its own, {@code /} as working directory, standard input from {@code
 * /dev/null}, and no descriptor of the keeper except, if asked for, a copy of the {@code /dev/fuse}
 * descriptor as number {@link #FUSE_DESCRIPTOR}, which it is not meant to use: while it lives, the
 * connection cannot end and no blocked fsync of it can return an error. The kernel kills it when
 * the keeper dies. It must not change its user or group by itself, since that revokes this
 * arrangement ({@code prctl(2)}, PR_SET_PDEATHSIG).
 *
 * @param name what the keeper and the daemon call it; one process of a name at a time
 * @param argv the command; the first element is an absolute path
 * @param environment its whole environment
 * @param logFile where its standard output and error are appended to
 * @param inheritFuseDescriptor whether it holds the mount of the volume; refused if the keeper has
 *     no descriptor
 */
public record ProcessSpec(
        String name,
        List<String> argv,
        Map<String, String> environment,
        Path logFile,
        boolean inheritFuseDescriptor) {

    /** The number under which a process finds its copy of the {@code /dev/fuse} descriptor. */
    public static final int FUSE_DESCRIPTOR = 3;

    public ProcessSpec {
        argv = List.copyOf(argv);
        environment = Map.copyOf(environment);
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a process needs a name");
        }
        if (argv.isEmpty() || !argv.getFirst().startsWith("/")) {
            throw new IllegalArgumentException(name + ": not an absolute path in front: " + argv);
        }
    }
}
