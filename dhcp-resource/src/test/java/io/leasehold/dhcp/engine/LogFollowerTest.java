package io.leasehold.dhcp.engine;

import static java.nio.file.StandardOpenOption.APPEND;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFollowerTest {

    @TempDir Path directory;

    @Test
    void shouldReadCompleteLinesThatCameSince() throws IOException {
        var file = directory.resolve("log");
        Files.writeString(file, "old\n");
        var follower = LogFollower.atEndOf(file);
        assertThat(follower.poll()).isEmpty();

        Files.writeString(file, "one\ntw", APPEND);
        assertThat(follower.poll()).containsExactly("one");
        Files.writeString(file, "o\nthree\n", APPEND);
        assertThat(follower.poll()).containsExactly("two", "three");
        assertThat(follower.lastLines()).containsExactly("one", "two", "three");
    }

    @Test
    void shouldBeginAnewWhenTheFileWasTruncated() throws IOException {
        var file = directory.resolve("log");
        Files.writeString(file, "a long line before\n");
        var follower = LogFollower.atEndOf(file);
        Files.writeString(file, "new\n");

        assertThat(follower.poll()).containsExactly("new");
    }

    @Test
    void shouldWaitForAFileThatIsNotThereYet() throws IOException {
        var file = directory.resolve("log");
        var follower = LogFollower.atEndOf(file);
        assertThat(follower.poll()).isEmpty();
        Files.writeString(file, "first\n");
        assertThat(follower.poll()).containsExactly("first");
    }

    @Test
    void shouldNotKeepALineWithoutEnd() throws IOException {
        var file = directory.resolve("log");
        var follower = LogFollower.atEndOf(file);
        Files.writeString(file, "x".repeat(1 << 20));
        for (int i = 0; i < 10; i++) {
            assertThat(follower.poll()).isEmpty();
        }
        Files.writeString(file, "\n", APPEND);
        assertThat(follower.poll())
                .singleElement()
                .satisfies(line -> assertThat(line).hasSize(LogFollower.LINE_BYTES_MAX));
    }
}
