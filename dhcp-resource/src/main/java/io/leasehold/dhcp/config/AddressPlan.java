package io.leasehold.dhcp.config;

import com.google.common.collect.Range;
import com.google.common.collect.RangeSet;
import com.google.common.collect.TreeRangeSet;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.dhcp.Place;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which addresses a configuration gives to whom: subnets, ranges, reservations. */
public final class AddressPlan {

    /** {@code subnet BASE netmask MASK { … }} */
    public record Subnet(Ipv4Address base, Ipv4Address mask, Place place) {
        public boolean contains(Ipv4Address address) {
            return address.isIn(base, mask);
        }

        @Override
        public String toString() {
            return base + "/" + Integer.bitCount(mask.bits());
        }
    }

    /** {@code range LOW HIGH;}, both included. */
    public record Pool(Ipv4Address low, Ipv4Address high, Place place) {
        public boolean contains(Ipv4Address address) {
            return low.compareTo(address) <= 0 && address.compareTo(high) <= 0;
        }

        @Override
        public String toString() {
            return low + "-" + high;
        }
    }

    /**
     * {@code host NAME { … }}
     *
     * @param hardware {@code ethernet 02:00:5e:00:53:01} in lower case; empty if it is found
     *     otherwise
     * @param clientId what {@code option dhcp-client-identifier} asks for; empty if nothing
     */
    public record Reservation(
            String name,
            String hardware,
            Octets clientId,
            List<Ipv4Address> addresses,
            Place place) {
        public Reservation {
            addresses = List.copyOf(addresses);
        }
    }

    private final List<Subnet> subnets = new ArrayList<>();
    private final List<Pool> pools = new ArrayList<>();
    private final List<Reservation> reservations = new ArrayList<>();
    private final RangeSet<Ipv4Address> dynamic = TreeRangeSet.create();

    private AddressPlan() {}

    static AddressPlan of(List<Statement> statements) {
        var plan = new AddressPlan();
        plan.add(statements);
        for (var pool : plan.pools) {
            plan.dynamic.add(Range.closed(pool.low(), pool.high()));
        }
        return plan;
    }

    public List<Subnet> subnets() {
        return List.copyOf(subnets);
    }

    public List<Pool> pools() {
        return List.copyOf(pools);
    }

    public List<Reservation> reservations() {
        return List.copyOf(reservations);
    }

    /** Whether the address is in a range: dhcpd keeps leases only for those. */
    public boolean isDynamic(Ipv4Address address) {
        return dynamic.contains(address);
    }

    public Optional<Subnet> subnetOf(Ipv4Address address) {
        return subnets.stream().filter(subnet -> subnet.contains(address)).findFirst();
    }

    private void add(List<Statement> statements) {
        for (var statement : statements) {
            if (statement.begins("subnet")) {
                addSubnet(statement);
            } else if (statement.begins("range")) {
                addPool(statement);
            } else if (statement.begins("host")) {
                addReservation(statement);
            }
            add(statement.inside());
        }
    }

    private void addSubnet(Statement statement) {
        var base = statement.address(1);
        var mask = statement.address(3);
        if (base.isPresent() && mask.isPresent()) {
            subnets.add(new Subnet(base.get(), mask.get(), statement.place()));
        }
    }

    /** {@code range [dynamic-bootp] LOW [HIGH];} */
    private void addPool(Statement statement) {
        int first = statement.begins("range", "dynamic-bootp") ? 2 : 1;
        var low = statement.address(first);
        if (low.isEmpty()) {
            return;
        }
        var high = statement.words().size() > first + 1 ? statement.address(first + 1) : low;
        if (high.isEmpty()) {
            return;
        }
        // dhcpd takes the two in either order.
        boolean ordered = low.get().compareTo(high.get()) <= 0;
        pools.add(
                new Pool(
                        ordered ? low.get() : high.get(),
                        ordered ? high.get() : low.get(),
                        statement.place()));
    }

    private void addReservation(Statement statement) {
        var hardware = "";
        var clientId = Octets.EMPTY;
        var addresses = new ArrayList<Ipv4Address>();
        for (var inner : statement.inside()) {
            if (inner.begins("hardware")) {
                hardware = inner.word(1).toLowerCase(Locale.ROOT) + " " + padded(inner.word(2));
            } else if (inner.begins("option", "dhcp-client-identifier")) {
                clientId = clientId(inner);
            } else if (inner.begins("host-identifier", "option", "dhcp-client-identifier")) {
                clientId = clientId(inner);
            } else if (inner.begins("uid")) {
                clientId = clientId(inner);
            } else if (inner.begins("fixed-address")) {
                for (int i = 1; i < inner.words().size(); i++) {
                    inner.address(i).ifPresent(addresses::add);
                }
            }
        }
        reservations.add(
                new Reservation(
                        statement.word(1), hardware, clientId, addresses, statement.place()));
    }

    private static Octets clientId(Statement statement) {
        var value = statement.words().getLast();
        if (value.kind() == Token.Kind.STRING) {
            return Octets.ofAscii(value.text());
        }
        try {
            return Octets.copyOf(HexFormat.ofDelimiter(":").parseHex(padded(value.text())));
        } catch (IllegalArgumentException _) {
            // dhcpd -t says what is wrong with it.
            return Octets.EMPTY;
        }
    }

    /** {@code 2:0:5E} as {@code 02:00:5e}. */
    private static String padded(String hardware) {
        var text = new StringBuilder();
        for (var octet : hardware.toLowerCase(Locale.ROOT).split(":", -1)) {
            text.append(text.isEmpty() ? "" : ":")
                    .append(octet.length() == 1 ? "0" : "")
                    .append(octet);
        }
        return text.toString();
    }
}
