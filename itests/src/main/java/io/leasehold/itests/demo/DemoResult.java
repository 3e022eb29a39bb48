package io.leasehold.itests.demo;

/**
 * What the demonstration showed; the last line of {@code demo --json}.
 *
 * @param clients simulated ones, with the one real dhclient
 * @param sameAddress of them, how many kept their address through everything
 * @param naks answers that sent a client away
 * @param duplicates addresses that two clients held, and questions that two boxes answered
 * @param missingLeases leases that a client was told about and a lease file does not have
 * @param plannedOutageMillis the longest time without an answer around the planned takeover
 * @param crashOutageMillis the same around the power-off of the primary
 * @param unshared the same crash when only the address moves to the other box
 */
public record DemoResult(
        int clients,
        int sameAddress,
        int naks,
        int duplicates,
        int missingLeases,
        boolean replicasIdentical,
        double plannedOutageMillis,
        double crashOutageMillis,
        double takeoverBackOutageMillis,
        Unshared unshared) {

    private static final String LINE = "%-15s %9s %9s %12s %5s %7s %15s %10s";

    /** A crash of a stock dhcpd whose address, but not whose leases, another box takes over. */
    public record Unshared(
            int clients,
            int newcomers,
            int sameAddress,
            int naks,
            int duplicates,
            int missingLeases,
            double crashOutageMillis) {}

    /** Nothing lost, NAKed or duplicated, and both copies are what the volume is. */
    public boolean isFlawless() {
        return sameAddress == clients
                && naks == 0
                && duplicates == 0
                && missingLeases == 0
                && replicasIdentical;
    }

    /** What the command ends with: 0 only if nothing was lost, NAKed or duplicated. */
    int exitStatus() {
        return isFlawless() ? 0 : 1;
    }

    /** A line for the pair, and one for the same crash with unshared leases. */
    String table() {
        return String.join(
                "\n",
                LINE.formatted(
                        "", "planned", "crash", "same", "", "dupli-", "acknowledged", "replicas"),
                LINE.formatted(
                        "",
                        "outage",
                        "outage",
                        "address",
                        "NAK",
                        "cates",
                        "leases missing",
                        "identical"),
                LINE.formatted(
                        "Leasehold",
                        millis(plannedOutageMillis),
                        millis(crashOutageMillis),
                        sameAddress + " of " + clients,
                        naks,
                        duplicates,
                        missingLeases,
                        replicasIdentical ? "yes" : "NO"),
                LINE.formatted(
                        "unshared leases",
                        "-",
                        millis(unshared.crashOutageMillis),
                        unshared.sameAddress + " of " + unshared.clients,
                        unshared.naks,
                        unshared.duplicates,
                        unshared.missingLeases,
                        "-"));
    }

    private static String millis(double value) {
        return "%.0f ms".formatted(value);
    }
}
