package io.leasehold.itests.lab.client;

/**
 * What became of clients that wanted their first lease.
 *
 * @param clients that hold a lease now, with those that had one before
 * @param obtained new ones that were acknowledged
 * @param noAnswer gave up
 */
public record AcquireSummary(
        int clients,
        int obtained,
        int noAnswer,
        int naks,
        int duplicateAddresses,
        int duplicateServers,
        long millis) {

    public boolean isFlawless() {
        return noAnswer == 0 && naks == 0 && duplicateAddresses == 0 && duplicateServers == 0;
    }

    @Override
    public String toString() {
        return "%d clients hold a lease (%d new in %d ms), %d no answer, %d NAK, %d duplicates%s"
                .formatted(
                        clients,
                        obtained,
                        millis,
                        noAnswer,
                        naks,
                        duplicateAddresses,
                        duplicateServers == 0
                                ? ""
                                : ", %d answered by two servers".formatted(duplicateServers));
    }
}
