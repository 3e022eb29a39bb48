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

    String table() {
        return """
                                        Leasehold   unshared leases
        planned outage (ms)            %10.0f                 -
        crash outage (ms)              %10.0f        %10.0f
        clients                        %10d        %10d
        same address                   %10d        %10d
        NAK                            %10d        %10d
        duplicates                     %10d        %10d
        acknowledged leases missing    %10d        %10d
        replicas identical             %10s                 -\
        """
                .formatted(
                        plannedOutageMillis,
                        crashOutageMillis,
                        unshared.crashOutageMillis,
                        clients,
                        unshared.clients,
                        sameAddress,
                        unshared.sameAddress,
                        naks,
                        unshared.naks,
                        duplicates,
                        unshared.duplicates,
                        missingLeases,
                        unshared.missingLeases,
                        replicasIdentical ? "yes" : "NO");
    }
}
