package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.link.LinkConfiguration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;

/**
 * The daemon's connection to its keeper.
 *
 * <p>Methods may be called by any thread; each call that waits for the keeper's answer waits at
 * most {@link #ANSWER_TIMEOUT}. They throw {@link KeeperRefusedException} if the keeper says no,
 * and another {@link IOException} if the keeper is lost, in which case it is unknown whether the
 * order was carried out, and {@link KeeperListener#keeperLost} follows. An interrupt does not
 * disturb them.
 */
@SuppressWarnings({"DoNotCallSuggester", "ArrayRecordComponent"})
public final class KeeperClient implements AutoCloseable {
    /**
     * How long the gate stays open without the keeper: an upper bound for what the kernel enforces.
     */
    public static final Duration GATE_TIMEOUT = Duration.ofMillis(300);

    /** A keeper that takes longer counts as lost. */
    public static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(5);

    /** Largest payload of a beat. */
    public static final int PAYLOAD_BYTES_MAX = 1_024;

    private KeeperClient() {}

    /**
     * Attaches this process as the keeper's daemon. What the keeper holds stays as it is: ask
     * {@link #state}.
     *
     * @throws KeeperRefusedException if another daemon is attached, or the keeper speaks another
     *     version
     */
    public static KeeperClient attach(Path socket, KeeperListener listener) throws IOException {
        throw new UnsupportedOperationException("coming: " + socket + listener);
    }

    public KeeperState state() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** From now on the keeper judges the daemon by this policy. */
    public void configureSupervision(SupervisionPolicy policy) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Opens these links and closes all others. With the configuration that is in force already
     * nothing happens, so a restarted daemon does not interrupt its beats. Beats are sent from the
     * first {@link #publish} on.
     */
    public void configureLinks(LinkConfiguration configuration) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Installs the gate on these interfaces, shut. With the configuration that is in force already
     * nothing happens, and an open gate stays open.
     */
    public void configureGate(GateConfiguration configuration) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Reports changes of these interfaces too, beside those of links and gate ({@code
     * track-interface}).
     */
    public void watchInterfaces(Set<String> names) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Beats carry this payload from now on, the first ones at once. Returns without waiting; counts
     * as progress. After a stand-down it starts the beats again.
     *
     * @param payload at most {@link #PAYLOAD_BYTES_MAX} bytes
     */
    public void publish(byte[] payload) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Says that the daemon has just proven that it works. Returns without waiting. */
    public void progress() throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Opens the gate, or prolongs or shortens its opening. When it returns, packets pass; the
     * kernel drops them again at {@code untilNanos}, or {@link #GATE_TIMEOUT} after the keeper
     * stopped renewing.
     *
     * @param untilNanos the end, in the time of {@link System#nanoTime}; one that has passed shuts
     *     the gate
     */
    public void openGate(long untilNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Shuts the gate. When it returns, nothing passes any more. */
    public void closeGate() throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * A descriptor of {@code /dev/fuse} for this mount point, to be called before mounting: the
     * keeper opens one if it holds none, else this is the one that it holds. The number is this
     * process's own duplicate, which the caller closes.
     *
     * @throws KeeperRefusedException if the keeper holds the descriptor of another mount point
     */
    public int fuseDescriptor(Path mountPoint) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The volume is unmounted: the keeper closes its descriptor. Without one nothing happens. */
    public void releaseFuseDescriptor() throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Starts a process and returns its id; {@link KeeperListener#processExited} tells its end. A
     * program that cannot be run is such an end too.
     *
     * @throws KeeperRefusedException if one of that name runs
     */
    public int spawn(ProcessSpec spec) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Sends a signal to a process and to its session's process group; returns false if none of that
     * name runs. Never hits another process that got the same id later.
     */
    public boolean signal(String name, int signal) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Makes this node silent at once, as if the daemon had stayed away: gate shut, processes
     * killed, mount aborted, beats stopped. When it returns, all of that is done, except that a
     * killed process may still be ending.
     */
    public void standDown(String reason) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * The daemon has handed over and is about to end: the keeper does not restart it, but cleans up
     * and ends as well when it is gone.
     */
    public void endWithDaemon() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Detaches. For the keeper that is a daemon that went away. */
    @Override
    public void close() {}
}
