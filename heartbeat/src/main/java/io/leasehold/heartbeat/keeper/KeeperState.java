package io.leasehold.heartbeat.keeper;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the keeper holds at one moment: after an attach, what survived the previous daemon.
 *
 * @param pid the keeper's process id
 * @param attachments how many daemons have attached so far, the asking one included
 * @param fuse the mount whose descriptor is held
 * @param processes what runs, in the order of their start
 * @param exits the last processes that ended, oldest first, at most {@link #EXITS_MAX}
 * @param gate whether packets may leave
 * @param stoodDown why the keeper stood down since the daemon before this one attached, if it did
 */
public record KeeperState(
        int pid,
        long attachments,
        Optional<HeldMount> fuse,
        List<RunningProcess> processes,
        List<ProcessExit> exits,
        Gate gate,
        Optional<String> stoodDown) {

    public static final int EXITS_MAX = 16;

    public KeeperState {
        processes = List.copyOf(processes);
        exits = List.copyOf(exits);
    }

    /**
     * A {@code /dev/fuse} descriptor was opened for this mount point. Whether it was mounted before
     * the daemon died, {@code /proc/self/mountinfo} tells.
     *
     * @param descriptor its number in the keeper
     */
    public record HeldMount(int descriptor, Path mountPoint) {}

    public record RunningProcess(String name, int pid) {}

    public sealed interface Gate {
        /** No gate is installed: nothing is dropped, and nothing may be served. */
        record Absent() implements Gate {}

        /** Installed and shut. */
        record Shut() implements Gate {}

        /** Open until then at most, in the time of {@link System#nanoTime}. */
        record Open(long untilNanos) implements Gate {}
    }
}
