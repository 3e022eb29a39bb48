package io.leasehold.itests.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoResultTest {
    private static final int CLIENTS = 201;

    private static DemoResult result(
            int sameAddress, int naks, int duplicates, int missingLeases, boolean identical) {
        // What became of the unshared leases is no fault of Leasehold's.
        var unshared = new DemoResult.Unshared(200, 20, 150, 20, 20, 180, 130);
        return new DemoResult(
                CLIENTS,
                sameAddress,
                naks,
                duplicates,
                missingLeases,
                identical,
                120,
                400,
                110,
                unshared);
    }

    @Test
    void shouldEndWithZeroWhenNothingWasLost() {
        assertThat(result(CLIENTS, 0, 0, 0, true).exitStatus()).isZero();
    }

    @Test
    void shouldHaveALineForTheSameCrashWithUnsharedLeases() {
        assertThat(result(CLIENTS, 0, 0, 0, true).table())
                .isEqualTo(
                        """
                                          planned     crash         same        dupli-    acknowledged   replicas
                                           outage    outage      address   NAK   cates  leases missing  identical
                        Leasehold          120 ms    400 ms   201 of 201     0       0               0        yes
                        unshared leases         -    130 ms   150 of 200    20      20             180          -\
                        """);
    }

    @ParameterizedTest
    @CsvSource({
        "200, 0, 0, 0, true",
        "201, 1, 0, 0, true",
        "201, 0, 1, 0, true",
        "201, 0, 0, 1, true",
        "201, 0, 0, 0, false"
    })
    void shouldEndWithAnErrorAfterEachSingleLoss(
            int sameAddress, int naks, int duplicates, int missingLeases, boolean identical) {
        var result = result(sameAddress, naks, duplicates, missingLeases, identical);
        assertThat(result.exitStatus()).isEqualTo(1);
    }
}
