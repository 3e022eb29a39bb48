package io.leasehold.itests.lab.power;

import io.leasehold.itests.lab.process.ProcessTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** What is known of a server's power, kept in one line of a file that is replaced as a whole. */
sealed interface PowerState {
    /**
     * Running.
     *
     * @param initPid its first process, as this machine numbers it
     * @param initStartTicks when that started; tells it from a later process of the same number
     */
    record On(long initPid, long initStartTicks) implements PowerState {
        /** Whether the first process is still the one that was started. */
        boolean isAlive() {
            return ProcessTable.startTicks(initPid).filter(t -> t == initStartTicks).isPresent();
        }
    }

    /**
     * Silenced and killed; its remains may still be leaving.
     *
     * @param fuseConnections to be aborted once everything is killed
     */
    record Dying(long initPid, long initStartTicks, List<Integer> fuseConnections)
            implements PowerState {}

    /** Nothing of it is left. */
    record Off() implements PowerState {}

    static PowerState read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return new Off();
        }
        var words = Files.readString(file).strip().split(" ", -1);
        return switch (words[0]) {
            case "on" -> new On(Long.parseLong(words[1]), Long.parseLong(words[2]));
            case "dying" ->
                    new Dying(
                            Long.parseLong(words[1]),
                            Long.parseLong(words[2]),
                            Arrays.stream(words).skip(3).map(Integer::valueOf).toList());
            case "off" -> new Off();
            default -> throw new IOException(file + ": what is '" + words[0] + "'?");
        };
    }

    default void write(Path file) throws IOException {
        var line =
                switch (this) {
                    case On on -> "on %d %d".formatted(on.initPid, on.initStartTicks);
                    case Dying dying ->
                            "dying %d %d %s"
                                    .formatted(
                                            dying.initPid,
                                            dying.initStartTicks,
                                            dying.fuseConnections.stream()
                                                    .map(String::valueOf)
                                                    .collect(Collectors.joining(" ")));
                    case Off() -> "off";
                };
        var next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, line + "\n");
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    }
}
