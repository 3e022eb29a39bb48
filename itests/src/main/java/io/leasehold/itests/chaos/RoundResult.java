package io.leasehold.itests.chaos;

import java.util.List;

/**
 * What became of one round.
 *
 * @param primary who served when it began
 * @param fault what was done, in words
 * @param outageMillis the longest time without an answer, the fault's own duration included
 * @param wellMillis from the healing until the pair was as before
 * @param problems what must not be; empty if the round passed
 */
public record RoundResult(
        int round,
        String primary,
        String fault,
        long outageMillis,
        long wellMillis,
        List<String> problems) {

    public RoundResult {
        problems = List.copyOf(problems);
    }

    public boolean passed() {
        return problems.isEmpty();
    }

    @Override
    public String toString() {
        return "round %3d  primary %s  %s  outage %d ms  well after %d ms  %s"
                .formatted(
                        round,
                        primary,
                        fault,
                        outageMillis,
                        wellMillis,
                        passed() ? "ok" : "FAILED: " + String.join("; ", problems));
    }
}
