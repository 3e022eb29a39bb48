package io.leasehold.ops.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.ops.control.Json;
import io.leasehold.ops.control.SampleViews;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class RehearsalTest {
    /** An answer that clusterctl no longer understands would leave half of its classes out. */
    @Test
    void shouldRehearseWithAWholeStatus() throws IOException {
        try (var resource =
                Objects.requireNonNull(Rehearsal.class.getResourceAsStream("rehearsal.json"))) {
            assertThat(new String(resource.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo(
                            "{\"version\":1,\"kind\":\"report\",\"view\":"
                                    + Json.of(SampleViews.good())
                                    + "}\n");
        }
    }
}
