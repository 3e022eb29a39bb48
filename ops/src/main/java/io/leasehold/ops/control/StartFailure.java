package io.leasehold.ops.control;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * Why no daemon answers: a file beside the control socket, in which a daemon that cannot start says
 * so to whoever asks there. The next one that listens removes it.
 */
public final class StartFailure {
    static final int BYTES_MAX = 4096;

    private final Path file;

    /** The one of the daemon whose control socket that is. */
    public StartFailure(Path socket) {
        this.file = socket.resolveSibling(socket.getFileName() + ".failure");
    }

    /** Says it, in the place of what the daemon before this one said. */
    public void leave(Instant at, String sentence) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        var fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, at.truncatedTo(ChronoUnit.SECONDS) + ": " + sentence);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** A daemon is there. */
    void remove() throws IOException {
        Files.deleteIfExists(file);
    }

    /** What the last one said, with the time; empty if it has started since, or never failed. */
    Optional<String> read() {
        try (var in = Files.newInputStream(file)) {
            var text = new String(in.readNBytes(BYTES_MAX), StandardCharsets.UTF_8).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (IOException _) {
            return Optional.empty();
        }
    }
}
