package io.leasehold.itests.lab.client;

/**
 * What a server said.
 *
 * @param hardware the client that it is for (chaddr)
 * @param serverIdentifier option 54; 0 if it is missing
 * @param leaseSeconds option 51; 0 if it is missing
 * @param sourceHardware who put the frame on the wire
 */
record Reply(
        MessageType type,
        int transaction,
        long hardware,
        int address,
        int serverIdentifier,
        int leaseSeconds,
        long sourceHardware) {}
