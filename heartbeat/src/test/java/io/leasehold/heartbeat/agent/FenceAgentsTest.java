package io.leasehold.heartbeat.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real executables, as an agent is one. */
class FenceAgentsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir private Path directory;

    /** Keeps its power state in a file, and what it was told in another. */
    private static final String HONEST =
            """
            #!/bin/sh
            here=$(dirname "$0")
            options=$(cat)
            echo "$options" >>"$here/told"
            case "$options" in
              *action=off*) echo off >"$here/power" ;;
              *action=on*) echo on >"$here/power" ;;
              *action=status*) [ "$(cat "$here/power")" = on ] && exit 0; exit 2 ;;
            esac
            """;

    @Test
    void shouldConfirmWhatWasReadBack() throws Exception {
        var device = agent(HONEST, Map.of("plug", "4"));
        assertThat(FenceAgents.run(FenceAction.OFF, List.of(device), LIMIT))
                .isEqualTo(new FenceOutcome.Confirmed("agent: power read back off"));
        assertThat(directory.resolve("told"))
                .hasContent("plug=4\naction=off\nplug=4\naction=status");
        assertThat(FenceAgents.run(FenceAction.ON, List.of(device), LIMIT))
                .isEqualTo(new FenceOutcome.Confirmed("agent: power read back on"));
    }

    @Test
    void shouldNotBelieveAnAgentThatReadsBackOn() throws Exception {
        var liar = agent("#!/bin/sh\ncat >/dev/null\nexit 0\n", Map.of());
        assertThat(FenceAgents.run(FenceAction.OFF, List.of(liar), LIMIT))
                .isEqualTo(
                        new FenceOutcome.Unconfirmed(
                                "agent: said that it had switched off, but reads back: exit code 0"));
    }

    @Test
    void shouldReportWhatARefusingAgentSays() throws Exception {
        var refusing = agent("#!/bin/sh\ncat >/dev/null\necho no such plug\nexit 1\n", Map.of());
        assertThat(FenceAgents.run(FenceAction.OFF, List.of(refusing), LIMIT))
                .isEqualTo(
                        new FenceOutcome.Unconfirmed(
                                "agent: off failed: exit code 1, no such plug"));
    }

    @Test
    void shouldNotConfirmALevelOfWhichOneDeviceFails() throws Exception {
        var honest = agent(HONEST, Map.of());
        var missing = new FenceDevice(directory.resolve("missing"), Map.of(), LIMIT);
        assertThat(FenceAgents.run(FenceAction.OFF, List.of(honest, missing), LIMIT))
                .isInstanceOf(FenceOutcome.Unconfirmed.class);
    }

    @Test
    void shouldEndAnAgentThatDoesNotAnswerAndWhatItStarted() throws Exception {
        var hanging =
                new FenceDevice(
                        script(
                                "#!/bin/sh\nsleep 600 &\necho $! >\"$(dirname \"$0\")/child\"\nwait\n"),
                        Map.of(),
                        Duration.ofMillis(700));
        assertThat(FenceAgents.run(FenceAction.OFF, List.of(hanging), LIMIT))
                .isEqualTo(new FenceOutcome.Unconfirmed("agent: no answer to action=off in time"));
        long child = Long.parseLong(Files.readString(directory.resolve("child")).strip());
        var left = ProcessHandle.of(child);
        if (left.isPresent()) {
            assertThat(left.get().onExit()).succeedsWithin(Duration.ofSeconds(10));
        }
    }

    private FenceDevice agent(String text, Map<String, String> options) throws IOException {
        return new FenceDevice(script(text), options, LIMIT);
    }

    private Path script(String text) throws IOException {
        var file = directory.resolve("agent");
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }
}
