package io.leasehold.itests.lab.client;

/**
 * What became of the clients that asked for their lease again, or for their first one.
 *
 * @param sameAddress were acknowledged what they had, without a NAK
 * @param naks were told NAK, whatever they got afterwards
 * @param anotherAddress ended with an address that is not the one they had
 * @param noAnswer heard nothing until they gave up
 * @param duplicateAddresses addresses that more than one client holds
 * @param duplicateServers questions that two boxes answered
 * @param foreignServers answers that name another server than the VIP
 */
public record RenewSummary(
        int clients,
        int sameAddress,
        int naks,
        int anotherAddress,
        int noAnswer,
        int duplicateAddresses,
        int duplicateServers,
        int foreignServers,
        long millis) {

    /** Nothing lost, nobody sent away, nothing given twice. */
    public boolean isFlawless() {
        return sameAddress == clients
                && duplicateAddresses == 0
                && duplicateServers == 0
                && foreignServers == 0;
    }

    @Override
    public String toString() {
        return "%d clients in %d ms: %d same address, %d NAK, %d another address, %d no answer, %d duplicates%s"
                .formatted(
                        clients,
                        millis,
                        sameAddress,
                        naks,
                        anotherAddress,
                        noAnswer,
                        duplicateAddresses,
                        duplicateServers + foreignServers == 0
                                ? ""
                                : ", %d answered by two servers, %d by a foreign one"
                                        .formatted(duplicateServers, foreignServers));
    }
}
