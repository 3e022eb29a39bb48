package io.leasehold.heartbeat.address;

import java.io.IOException;
import java.net.Inet4Address;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

/**
 * Tells the neighbours that an address is now at this station.
 *
 * <p>Each burst broadcasts the announcement in both forms that are in use, request and reply (RFC
 * 5227 §3 asks for requests; some stacks learn from replies only), and then asks each named
 * neighbour for its own address in the name of the announced one. A neighbour that answers has put
 * our pair into its table before (RFC 826, "Packet Reception": merge first, then reply), so its
 * answer proves what it believes. Bursts are repeated with growing pauses until all have answered,
 * or the bound is reached.
 *
 * @param interfaceName where to announce
 * @param address what to announce
 * @param neighbours who has to know: gateways, relays, DNS servers; empty: all bursts are sent,
 *     nothing is proven
 * @param within the bound
 */
@SuppressWarnings({"DoNotCallSuggester", "ArrayRecordComponent"})
public record GratuitousArp(
        String interfaceName, Inet4Address address, Set<Inet4Address> neighbours, Duration within) {

    public GratuitousArp {
        neighbours = Set.copyOf(neighbours);
    }

    /** Sends the first burst before anything else, then goes on as described. Blocks its thread. */
    public Outcome announce() throws IOException {
        if (within.isZero()) {
            return new Outcome(0, Map.of(), neighbours, Set.of());
        }
        throw new UnsupportedOperationException();
    }

    /**
     * How it went.
     *
     * @param bursts how many were sent
     * @param convinced neighbours that have our pair, and after how long
     * @param silent neighbours that did not answer
     * @param rivals other stations that claimed the address meanwhile, by their link-layer address
     */
    public record Outcome(
            int bursts,
            Map<Inet4Address, Duration> convinced,
            Set<Inet4Address> silent,
            Set<MacAddress> rivals) {}
}
