package io.leasehold.itests.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ChaosCommandTest {
    private static String labNameOf(String... arguments) {
        var command = new ChaosCommand();
        new CommandLine(command).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(arguments);
        return command.labName().value();
    }

    @Test
    void shouldNotUseTheLabThatSomebodyMayBeUsing() {
        assertThat(labNameOf("--rounds", "1")).isEqualTo("chaos");
    }

    @Test
    void shouldUseTheLabThatIsNamed() {
        assertThat(labNameOf("--name", "mine")).isEqualTo("mine");
        assertThat(labNameOf("--name", "lab"))
                .as("also the default of all others")
                .isEqualTo("lab");
    }
}
