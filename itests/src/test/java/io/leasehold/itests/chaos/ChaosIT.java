package io.leasehold.itests.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.itests.lab.LabOptions.Arbiter;
import io.leasehold.itests.lab.LabOptions.Profile;
import io.leasehold.itests.lab.network.LabName;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ten rounds of one seed; {@code ops/bin/lab chaos} plays others, and more. */
@Timeout(600)
class ChaosIT {
    private static final long SEED = 1;
    private static final int ROUNDS = 10;

    @Test
    void shouldLoseNothing() throws Exception {
        var request =
                new Chaos.Request(
                        new LabName("chaos-it"),
                        Arbiter.FENCING,
                        Profile.DEFAULT,
                        SEED,
                        1,
                        ROUNDS,
                        Duration.ofSeconds(2),
                        false);
        var results = Chaos.play(request, System.out::println);
        assertThat(results)
                .as("logs are in itests/target/chaos")
                .hasSize(ROUNDS)
                .allSatisfy(result -> assertThat(result.problems()).isEmpty());
    }
}
