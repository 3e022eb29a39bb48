package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Finds what dhcpd accepts and a failover does not survive. Pure; syntax is left to {@code dhcpd
 * -t}.
 *
 * <p>An error refuses the configuration, a warning does not. Each check is named in the finding and
 * explained where it is made.
 */
public final class Lint {

    /** Above this one ACK can wait longer than a client's first retransmission has patience. */
    private static final long DELAYED_ACK_MAX = 256;

    private static final long ACK_DELAY_MICROS_MAX = 1_000_000;
    private static final long LEASE_SECONDS_MIN = 60;
    private static final long SERVER_PORT = 67;
    private static final int REPEATS_MAX = 20;

    private final Configuration configuration;
    private final ClusterFacts facts;
    private final List<Finding> findings = new ArrayList<>();
    private boolean localAddressSeen;
    private boolean omapiKeySeen;

    private Lint(Configuration configuration, ClusterFacts facts) {
        this.configuration = configuration;
        this.facts = facts;
    }

    public static List<Finding> check(Configuration configuration, ClusterFacts facts) {
        return new Lint(configuration, facts).check();
    }

    private List<Finding> check() {
        var statements = configuration.statements();
        omapiKeySeen = statements.stream().anyMatch(s -> s.begins("omapi-key"));
        statements.forEach(this::checkStatement);
        checkServerIdentifiers(statements);
        checkLocalAddress(statements);
        checkAuthority(statements);
        checkPlan();
        checkProbeHost(statements);
        return List.copyOf(findings);
    }

    // ---- statement by statement

    private void checkStatement(Statement statement) {
        switch (statement.word(0).toLowerCase(Locale.ROOT)) {
            case "server-identifier" -> checkServerIdentifier(statement, 1);
            case "option" -> {
                if (statement.begins("option", "dhcp-server-identifier")) {
                    checkServerIdentifier(statement, 2);
                }
            }
            case "local-address" -> {
                localAddressSeen = true;
                if (!isVip(statement, 1)) {
                    error(
                            "local-address-wrong",
                            statement,
                            "local-address is "
                                    + statement.word(1)
                                    + " and not the VIP, so replies"
                                    + " through relays and to renewing clients come from the wrong"
                                    + " address",
                            "write: local-address " + facts.vip() + ";");
                }
            }
            case "local-port" -> {
                if (!number(statement).equals(OptionalLong.of(SERVER_PORT))) {
                    error(
                            "local-port-other",
                            statement,
                            "answers from another port than 67 pass the gate, which silences a"
                                    + " node that may not serve",
                            "remove the statement");
                }
            }
            case "dont-use-fsync" -> {
                if (isOn(statement)) {
                    error(
                            "fsync-switched-off",
                            statement,
                            "dhcpd would acknowledge leases that are on no disk and on no peer",
                            "remove the statement");
                }
            }
            case "failover" ->
                    error(
                            "failover-leftover",
                            statement,
                            "ISC failover does not go together with a replicated volume: dhcpd"
                                    + " waits for a partner that does not exist, and gives out half"
                                    + " of its addresses",
                            "remove the failover declaration and every \"failover peer\" in the"
                                    + " pools");
            case "lease-file-name" ->
                    error(
                            "lease-file-name-set",
                            statement,
                            "the lease file's place is given by the cluster",
                            "remove the statement");
            case "pid-file-name" ->
                    error(
                            "pid-file-name-set",
                            statement,
                            "dhcpd refuses to start if the number in its pid file is that of any"
                                    + " process, so it runs without one here",
                            "remove the statement");
            case "delayed-ack" ->
                    checkLimit(
                            statement,
                            DELAYED_ACK_MAX,
                            "delayed-ack-large",
                            "one burst of that many acknowledgements, which all wait for one sync");
            case "max-ack-delay" ->
                    checkLimit(
                            statement,
                            ACK_DELAY_MICROS_MAX,
                            "max-ack-delay-large",
                            "clients retransmit before that many microseconds are over");
            case "omapi-port" -> {
                if (!omapiKeySeen) {
                    warning(
                            "omapi-open",
                            statement,
                            "everybody who reaches this port may change leases and reservations",
                            "remove the statement, or add an omapi-key");
                }
            }
            case "default-lease-time", "max-lease-time" -> {
                var seconds = number(statement);
                if (seconds.isPresent() && seconds.getAsLong() < LEASE_SECONDS_MIN) {
                    warning(
                            "lease-time-short",
                            statement,
                            "a lease of "
                                    + seconds.getAsLong()
                                    + " s runs out during a takeover"
                                    + " that takes a little longer than usual",
                            "use at least " + LEASE_SECONDS_MIN + " s");
                }
            }
            default -> {}
        }
        statement.inside().forEach(this::checkStatement);
    }

    private void checkServerIdentifier(Statement statement, int index) {
        if (!isVip(statement, index)) {
            error(
                    "server-identifier-wrong",
                    statement,
                    "server-identifier is "
                            + statement.word(index)
                            + " and not the VIP, so clients"
                            + " renew at an address that does not move",
                    "write: server-identifier " + facts.vip() + ";");
        }
    }

    private void checkLimit(Statement statement, long most, String check, String why) {
        var value = number(statement);
        if (value.isPresent() && value.getAsLong() > most) {
            warning(check, statement, why, "use at most " + most);
        }
    }

    // ---- what must be there

    /**
     * Without server-identifier, option 54 is the first address of the interface (dhcpd.conf(5)):
     * the node's own. Renewals then go to the dead node until T2.
     */
    private void checkServerIdentifiers(List<Statement> statements) {
        var without = new ArrayList<Statement>();
        subnetsWithoutServerIdentifier(statements, false, without);
        boolean none = without.size() == count(statements, "subnet");
        int repeats = none ? 1 : REPEATS_MAX;
        without.stream()
                .limit(repeats)
                .forEach(subnet ->
                        error(
                                "server-identifier-missing",
                                subnet,
                                "clients of subnet "
                                        + subnet.word(1)
                                        + " would know the server by the address of one"
                                        + " node, and not find it after a takeover",
                                "write before the first subnet: server-identifier "
                                        + facts.vip()
                                        + ";"));
    }

    private static void subnetsWithoutServerIdentifier(
            List<Statement> statements, boolean inherited, List<Statement> without) {
        boolean here = inherited || statements.stream().anyMatch(Lint::setsServerIdentifier);
        for (var statement : statements) {
            if (statement.begins("subnet")) {
                if (!here && !coversItself(statement)) {
                    without.add(statement);
                }
            } else if (statement.begins("shared-network") || statement.begins("group")) {
                subnetsWithoutServerIdentifier(statement.inside(), here, without);
            }
        }
    }

    private static boolean setsServerIdentifier(Statement statement) {
        return statement.begins("server-identifier")
                || statement.begins("option", "dhcp-server-identifier");
    }

    /** In the subnet itself, or in each of its pools while it has no range outside of them. */
    private static boolean coversItself(Statement subnet) {
        var inside = subnet.inside();
        if (inside.stream().anyMatch(Lint::setsServerIdentifier)) {
            return true;
        }
        var pools = inside.stream().filter(s -> s.begins("pool")).toList();
        return !pools.isEmpty()
                && inside.stream().noneMatch(s -> s.begins("range"))
                && pools.stream()
                        .allMatch(p -> p.inside().stream().anyMatch(Lint::setsServerIdentifier));
    }

    private void checkLocalAddress(List<Statement> statements) {
        if (!localAddressSeen) {
            findings.add(
                    Finding.error(
                            "local-address-missing",
                            firstPlace(statements),
                            "dhcpd would answer renewals and relays from the node's own address",
                            "write: local-address " + facts.vip() + ";"));
        }
    }

    /** Without authority there is no DHCPNAK for a wrong network and no answer to DHCPINFORM. */
    private void checkAuthority(List<Statement> statements) {
        if (!declaresAuthority(statements)) {
            findings.add(
                    Finding.warning(
                            "authoritative-missing",
                            firstPlace(statements),
                            "a client that comes from another network gets no DHCPNAK and waits"
                                    + " for its old lease to run out",
                            "write: authoritative;"));
        }
    }

    private static boolean declaresAuthority(List<Statement> statements) {
        return statements.stream()
                .anyMatch(s ->
                        (s.begins("authoritative") && s.words().size() == 1)
                                || declaresAuthority(s.inside()));
    }

    // ---- addresses

    private void checkPlan() {
        var plan = configuration.plan();
        if (plan.subnetOf(facts.vip()).isEmpty()) {
            findings.add(
                    Finding.error(
                            "vip-subnet-missing",
                            firstPlace(configuration.statements()),
                            "no subnet contains the VIP "
                                    + facts.vip()
                                    + ", so dhcpd does not listen on the client interface",
                            "declare that subnet, empty if need be: subnet … netmask … { }"));
        }
        for (var pool : plan.pools()) {
            checkTaken(pool, facts.vip(), "the VIP");
            facts.nodeAddresses().forEach(node -> checkTaken(pool, node, "a node's own address"));
        }
        checkOverlaps(plan.pools());
        checkReservations(plan);
    }

    private void checkTaken(AddressPlan.Pool pool, Ipv4Address address, String whose) {
        if (pool.contains(address)) {
            findings.add(
                    Finding.error(
                            "range-contains-own-address",
                            pool.place(),
                            "the range " + pool + " contains " + address + ", " + whose,
                            "leave it out of the range"));
        }
    }

    private void checkOverlaps(List<AddressPlan.Pool> pools) {
        var sorted = pools.stream().sorted((a, b) -> a.low().compareTo(b.low())).toList();
        for (int i = 1; i < sorted.size(); i++) {
            var before = sorted.get(i - 1);
            var pool = sorted.get(i);
            if (before.contains(pool.low())) {
                findings.add(
                        Finding.warning(
                                "ranges-overlap",
                                pool.place(),
                                "the range "
                                        + pool
                                        + " overlaps "
                                        + before
                                        + " of "
                                        + before.place(),
                                "let every address be in one range only"));
            }
        }
    }

    private void checkReservations(AddressPlan plan) {
        var byHardware = new HashMap<String, AddressPlan.Reservation>();
        for (var host : plan.reservations()) {
            for (var address : host.addresses()) {
                if (plan.isDynamic(address)) {
                    findings.add(
                            Finding.warning(
                                    "reservation-in-range",
                                    host.place(),
                                    "host "
                                            + host.name()
                                            + " has "
                                            + address
                                            + ", which is in a range too, so somebody else may"
                                            + " hold it",
                                    "leave the address out of the range"));
                }
                if (address.equals(facts.vip()) && !isProbe(host)) {
                    findings.add(
                            Finding.error(
                                    "reservation-of-vip",
                                    host.place(),
                                    "host " + host.name() + " would get the VIP",
                                    "give it another address"));
                }
            }
            if (!host.hardware().isEmpty()) {
                var other = byHardware.putIfAbsent(host.hardware(), host);
                if (other != null
                        && !other.addresses().isEmpty()
                        && sameSubnet(plan, other, host)) {
                    findings.add(
                            Finding.warning(
                                    "reservation-twice",
                                    host.place(),
                                    "host "
                                            + host.name()
                                            + " has the hardware address of host "
                                            + other.name()
                                            + " ("
                                            + other.place()
                                            + ") in the same subnet",
                                    "remove one of the two"));
                }
            }
        }
    }

    private static boolean sameSubnet(
            AddressPlan plan, AddressPlan.Reservation a, AddressPlan.Reservation b) {
        return a.addresses().stream()
                .map(plan::subnetOf)
                .anyMatch(subnet ->
                        subnet.isPresent()
                                && b.addresses().stream().anyMatch(subnet.get()::contains));
    }

    private boolean isProbe(AddressPlan.Reservation host) {
        return host.clientId().equals(facts.probeClientId());
    }

    /** ADR 0042: the probe asks for a reserved address, else as a client from a wrong network. */
    private void checkProbeHost(List<Statement> statements) {
        var plan = configuration.plan();
        var subnet = plan.subnetOf(facts.vip());
        var own = plan.reservations().stream().filter(this::isProbe).findFirst();
        if (own.isEmpty()) {
            var advice =
                    "write: host leasehold-probe { option dhcp-client-identifier \""
                            + facts.probeClientId().toEscaped()
                            + "\"; fixed-address "
                            + facts.nodeAddresses().stream()
                                    .filter(address ->
                                            subnet.isPresent() && subnet.get().contains(address))
                                    .findFirst()
                                    .map(Ipv4Address::toString)
                                    .orElse("ADDRESS")
                            + "; }";
            if (declaresAuthority(statements)) {
                findings.add(
                        Finding.note(
                                "probe-host-missing",
                                firstPlace(statements),
                                "the probe has no reservation, so it asks as a client from a wrong"
                                        + " network: one DHCPNAK in the log for each probe",
                                advice));
            } else {
                findings.add(
                        Finding.warning(
                                "probe-impossible",
                                firstPlace(statements),
                                "without a reservation for the probe and without authority,"
                                        + " nobody can ask dhcpd whether it answers",
                                advice));
            }
            return;
        }
        var host = own.get();
        if (subnet.isPresent() && host.addresses().stream().noneMatch(subnet.get()::contains)) {
            findings.add(
                    Finding.error(
                            "probe-host-elsewhere",
                            host.place(),
                            "the probe's fixed-address is not in the VIP's subnet "
                                    + subnet.get()
                                    + ", so that each probe would hold a real address",
                            "give it an unused address of that subnet, outside of the ranges"));
        }
        for (var address : host.addresses()) {
            if (plan.isDynamic(address)) {
                findings.add(
                        Finding.error(
                                "probe-host-in-range",
                                host.place(),
                                "the probe's fixed-address " + address + " is in a range",
                                "give it an address outside of the ranges"));
            }
        }
    }

    // ---- helpers

    private boolean isVip(Statement statement, int index) {
        return statement.address(index).filter(facts.vip()::equals).isPresent();
    }

    private static boolean isOn(Statement statement) {
        return switch (statement.word(1).toLowerCase(Locale.ROOT)) {
            case "off", "false", "no", "ignore" -> false;
            default -> true;
        };
    }

    private static OptionalLong number(Statement statement) {
        try {
            return OptionalLong.of(Long.parseLong(statement.word(1)));
        } catch (NumberFormatException _) {
            // dhcpd -t says what is wrong with it.
            return OptionalLong.empty();
        }
    }

    private static long count(List<Statement> statements, String word) {
        return statements.stream()
                .flatMap(Lint::withInside)
                .filter(statement -> statement.begins(word))
                .count();
    }

    private static Stream<Statement> withInside(Statement statement) {
        return Stream.concat(
                Stream.of(statement), statement.inside().stream().flatMap(Lint::withInside));
    }

    private Place firstPlace(List<Statement> statements) {
        return statements.isEmpty()
                ? Place.of(configuration.main())
                : new Place(statements.getFirst().place().file(), 1, 0);
    }

    private void error(String check, Statement at, String what, String advice) {
        findings.add(Finding.error(check, at.place(), what, advice));
    }

    private void warning(String check, Statement at, String what, String advice) {
        findings.add(Finding.warning(check, at.place(), what, advice));
    }
}
