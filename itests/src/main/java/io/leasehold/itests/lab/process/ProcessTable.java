package io.leasehold.itests.lab.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * The processes of this machine, read from /proc. Everything may vanish between two reads: what is
 * gone is simply not there.
 */
public final class ProcessTable {
    private static final Path PROC = Path.of("/proc");

    private ProcessTable() {}

    /**
     * The processes in the PID namespace of {@code member} and below it, {@code member} first.
     *
     * <p>Membership is read from the namespace links, not from the tree of parents: a process whose
     * parent died stays in its namespace.
     */
    public static List<Long> namespaceMembers(long member) {
        var namespace = pidNamespace(member);
        if (namespace.isEmpty()) {
            return List.of();
        }
        var members = new ArrayList<Long>();
        members.add(member);
        members.addAll(all(pid -> pid != member && pidNamespace(pid).equals(namespace)));
        return members;
    }

    /** The processes that carry {@code NAME=value} in the environment that they started with. */
    public static List<Long> withEnvironment(String name, String value) {
        var wanted = name + "=" + value;
        return all(pid -> {
            for (var entry : zeroSeparated(pid, "environ")) {
                if (entry.equals(wanted)) {
                    return true;
                }
            }
            return false;
        });
    }

    /** The arguments of a process; empty if it is gone. */
    public static List<String> commandLine(long pid) {
        return zeroSeparated(pid, "cmdline");
    }

    /**
     * Identifies a process beyond the reuse of its number: when it started, in clock ticks since
     * boot. Empty if there is no such process, or only its unreaped rest.
     */
    public static Optional<Long> startTicks(long pid) {
        try {
            var stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
            // The name in parentheses may contain anything, blanks and parentheses included.
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return fields[0].equals("Z") || fields[0].equals("X")
                    ? Optional.empty()
                    : Optional.of(Long.valueOf(fields[19]));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /** The state letter of proc(5), for example {@code T} for a stopped process. */
    public static Optional<Character> state(long pid) {
        try {
            var stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
            return Optional.of(stat.charAt(stat.lastIndexOf(')') + 2));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /** The children of a process's threads. */
    public static List<Long> children(long pid) {
        var children = new ArrayList<Long>();
        try (var threads = Files.newDirectoryStream(PROC.resolve(pid + "/task"))) {
            for (var thread : threads) {
                for (var child : Files.readString(thread.resolve("children")).split(" ", -1)) {
                    if (!child.isBlank()) {
                        children.add(Long.valueOf(child));
                    }
                }
            }
        } catch (IOException _) {
            return children;
        }
        return children;
    }

    /** Resident memory in KiB; 0 if the process is gone. */
    public static long residentKiB(long pid) {
        try (var lines = Files.lines(PROC.resolve(pid + "/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException | java.io.UncheckedIOException _) {
            return 0;
        }
    }

    private static Optional<Path> pidNamespace(long pid) {
        try {
            return Optional.of(Files.readSymbolicLink(PROC.resolve(pid + "/ns/pid")));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private static List<Long> all(LongPredicate condition) {
        var found = new ArrayList<Long>();
        try (var entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (var entry : entries) {
                long pid = Long.parseLong(entry.getFileName().toString());
                if (condition.test(pid)) {
                    found.add(pid);
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("/proc is not readable", e);
        }
        return found;
    }

    private static List<String> zeroSeparated(long pid, String file) {
        try {
            var text =
                    Files.readString(PROC.resolve(pid + "/" + file), StandardCharsets.ISO_8859_1);
            return text.isEmpty() ? List.of() : List.of(text.split("\0", -1));
        } catch (IOException _) {
            return List.of();
        }
    }
}
