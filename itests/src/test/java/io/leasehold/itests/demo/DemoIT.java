package io.leasehold.itests.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.power.LabDirectory;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a visitor runs first, with fewer clients. */
@Timeout(240)
class DemoIT {
    private static final int CLIENTS = 40;
    private static final LabName LAB = new LabName("demo-it");

    @AfterAll
    static void down() throws Exception {
        Lab.down(LAB);
    }

    @Test
    void shouldShowThatNobodyLosesALease() throws Exception {
        var output = new StringWriter();
        var demo = Demo.commandLine().setOut(new PrintWriter(output));

        int exitStatus =
                demo.execute(
                        "--json",
                        "--keep",
                        "--name",
                        LAB.value(),
                        "--clients",
                        String.valueOf(CLIENTS));

        assertThat(exitStatus).as(output.toString()).isZero();
        var lines = output.toString().lines().toList();
        var result = new ObjectMapper().readTree(lines.getLast());
        // And the one real dhclient.
        assertThat(result.path("clients").asInt()).isEqualTo(CLIENTS + 1);
        assertThat(result.path("sameAddress").asInt()).isEqualTo(CLIENTS + 1);
        assertThat(result.path("plannedOutageMillis").asDouble()).isPositive();
        assertThat(result.path("crashOutageMillis").asDouble()).isPositive();
        // Otherwise the comparison compares nothing.
        assertThat(result.path("unshared").path("naks").asInt()).isPositive();
        assertThat(lines).anyMatch(line -> line.contains("power read back"));
        assertThat(lines).anyMatch(line -> line.startsWith("Leasehold "));
        assertThat(LabDirectory.of(LAB).etc(LabNode.DHCP1)).as("the lab is kept").exists();
        assertThat(lines).anyMatch(line -> line.startsWith("unshared leases "));
    }
}
