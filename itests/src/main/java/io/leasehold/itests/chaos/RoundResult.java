package io.leasehold.itests.chaos;

import java.util.List;

/**
 * What became of one round.
 *
 * @param primary who served when it began
 * @param fault what was done, in words
 * @param outageMillis the longest time without an answer, the fault's own duration included; -1 if
 *     the round broke off before that was known
 * @param wellMillis from the healing until the pair was as before, or was given up; -1 likewise
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
        return "round %3d  primary %s  %s  outage %s  well after %s  %s"
                .formatted(
                        round,
                        primary,
                        fault,
                        millis(outageMillis),
                        millis(wellMillis),
                        passed() ? "ok" : "FAILED: " + String.join("; ", problems));
    }

    private static String millis(long known) {
        return known < 0 ? "unknown" : known + " ms";
    }
}
