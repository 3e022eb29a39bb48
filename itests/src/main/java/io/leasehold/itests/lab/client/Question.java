package io.leasehold.itests.lab.client;

/**
 * What a client says. An address of 0 is one that is not said (RFC 2131, table 5).
 *
 * @param clientAddress ciaddr, also the source address of the datagram
 * @param requestedAddress option 50
 * @param serverIdentifier option 54
 * @param destination where the datagram goes, {@link #BROADCAST} or a server
 */
record Question(
        MessageType type,
        Station station,
        int transaction,
        int secondsElapsed,
        int clientAddress,
        int requestedAddress,
        int serverIdentifier,
        int destination) {

    static final int BROADCAST = -1;

    static Question discover(Station station, int transaction, int secondsElapsed) {
        return new Question(
                MessageType.DISCOVER, station, transaction, secondsElapsed, 0, 0, 0, BROADCAST);
    }

    /** SELECTING: the answer to an offer. */
    static Question select(
            Station station, int transaction, int secondsElapsed, int offered, int server) {
        return new Question(
                MessageType.REQUEST,
                station,
                transaction,
                secondsElapsed,
                0,
                offered,
                server,
                BROADCAST);
    }

    /** RENEWING: unicast to the server that gave the lease. */
    static Question renew(Station station, int transaction, int address, int server) {
        return new Question(MessageType.REQUEST, station, transaction, 0, address, 0, 0, server);
    }

    /** REBINDING: to whoever hears it. */
    static Question rebind(Station station, int transaction, int address) {
        return new Question(MessageType.REQUEST, station, transaction, 0, address, 0, 0, BROADCAST);
    }

    /** INIT-REBOOT: may I go on using this address? */
    static Question reboot(Station station, int transaction, int address) {
        return new Question(MessageType.REQUEST, station, transaction, 0, 0, address, 0, BROADCAST);
    }
}
