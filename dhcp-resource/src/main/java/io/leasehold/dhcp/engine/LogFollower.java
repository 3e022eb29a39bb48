package io.leasehold.dhcp.engine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Reads the lines that a process appends to its log, from a given place on. A file that became
 * shorter (logrotate's copytruncate) is read from its beginning. Not thread-safe.
 */
final class LogFollower {

    static final int LINE_BYTES_MAX = 4096;
    private static final int READ_BYTES_MAX = 256 * 1024;
    private static final int REMEMBERED_LINES = 24;

    private final Path file;
    private final Deque<String> last = new ArrayDeque<>();
    private long offset;
    private String unfinished = "";

    LogFollower(Path file, long offset) {
        this.file = file;
        this.offset = offset;
    }

    static LogFollower atEndOf(Path file) throws IOException {
        return new LogFollower(file, Files.exists(file) ? Files.size(file) : 0);
    }

    /**
     * Complete lines that came since the last call; at most a bounded amount, the rest next time.
     */
    List<String> poll() throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        byte[] bytes;
        try (var access = new RandomAccessFile(file.toFile(), "r")) {
            long size = access.length();
            if (size < offset) {
                offset = 0;
                unfinished = "";
            }
            bytes = new byte[(int) Math.min(size - offset, READ_BYTES_MAX)];
            access.seek(offset);
            access.readFully(bytes);
            offset += bytes.length;
        }
        return bytes.length == 0 ? List.of() : lines(new String(bytes, ISO_8859_1));
    }

    private List<String> lines(String text) {
        var lines = new ArrayList<String>();
        int from = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
            lines.add(cut(unfinished + text.substring(from, end)));
            unfinished = "";
            from = end + 1;
        }
        unfinished = cut(unfinished + text.substring(from));
        lines.forEach(this::remember);
        return lines;
    }

    private static String cut(String line) {
        return line.length() <= LINE_BYTES_MAX ? line : line.substring(0, LINE_BYTES_MAX);
    }

    private void remember(String line) {
        if (!LogLine.isBoilerplate(line)) {
            last.addLast(line);
            if (last.size() > REMEMBERED_LINES) {
                last.removeFirst();
            }
        }
    }

    /** The last lines that explain something, the oldest first. */
    List<String> lastLines() {
        return List.copyOf(last);
    }
}
