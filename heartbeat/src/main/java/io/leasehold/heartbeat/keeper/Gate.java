package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.linux.Errno;
import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.Netlink;
import io.leasehold.heartbeat.linux.NetlinkWriter;
import java.io.IOException;
import java.net.Inet4Address;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The gate's rules in the kernel, and the permission that opens them for a while.
 *
 * <p>In the words of {@code nft}:
 *
 * <pre>{@code
 * table netdev leasehold {
 *     set dhcp { type inet_service; flags timeout; }
 *     set vip { type ipv4_addr; flags timeout; }
 *     set ticket { type inet_service; flags timeout; }
 *     chain eth0 {
 *         type filter hook egress device "eth0" priority 0; policy accept;
 *         udp sport 67 udp sport != @dhcp counter drop
 *         arp saddr ip 192.0.2.10 arp saddr ip != @vip counter drop
 *         ip saddr 192.0.2.10 ip saddr != @vip counter drop
 *     }
 * }
 * }</pre>
 *
 * <p>Shut is what remains when nobody does anything: the sets are empty. Open means that port and
 * addresses are in the sets, with a timeout that the kernel counts. The hook is the egress of the
 * device, because dhcpd answers through a packet socket, which the hooks of the IP stack never see;
 * ADR 0031 has the measurements.
 *
 * <p>A timeout counts from the moment at which the kernel takes the order, and a process can be
 * stopped for any time between its look at the clock and that moment. So an opening needs a
 * <i>ticket</i>: an element of {@link #TICKET}'s life that is put down <i>before</i> the look at
 * the clock, and that the opening has to find and take away, in one transaction. An order that
 * comes too late finds none, and nothing of it happens.
 *
 * <p>The table belongs to this object's connection: {@code nft flush ruleset}, with which a
 * firewall is reloaded, leaves it alone, and so does another keeper. It stays when the connection
 * ends, and is then the next one's. Linux 6.9 and later; earlier ones cannot keep a table that
 * belongs to somebody, so there it belongs to nobody, and {@link #prepare} tells when it is gone.
 *
 * <p>Every method is one netlink transaction: it has happened when the method returns, or nothing
 * of it. Belongs to one thread, and to the network namespace in which it was opened.
 */
final class Gate implements AutoCloseable {
    /** Belongs here and not to the client: the keeper must not load the client, which logs. */
    static final Duration TIMEOUT = Duration.ofMillis(300);

    /**
     * How long after {@link #prepare} the gate can still be opened: two ticks of the slowest kernel
     * (HZ=100), so that at least one of them is left of it.
     */
    static final Duration TICKET = Duration.ofMillis(20);

    static final String TABLE = "leasehold";

    private static final String DHCP_SET = "dhcp";
    private static final String VIP_SET = "vip";
    private static final String TICKET_SET = "ticket";
    private static final int DHCP_SERVER_PORT = 67;

    @SuppressWarnings("MutableArray") // ours alone
    private static final byte[] DHCP_PORT_KEY = {0, DHCP_SERVER_PORT};

    // linux/netfilter/nfnetlink.h
    private static final int SUBSYSTEM_NFTABLES = 10;
    private static final int BATCH_BEGIN = 0x10;
    private static final int BATCH_END = 0x11;

    // linux/netfilter/nf_tables.h
    private static final int FAMILY_NETDEV = 5;
    private static final int NEWTABLE = 0;
    private static final int DELTABLE = 2;
    private static final int NEWCHAIN = 3;
    private static final int NEWRULE = 6;
    private static final int NEWSET = 9;
    private static final int NEWSETELEM = 12;
    private static final int DELSETELEM = 14;

    private static final int TABLE_NAME = 1;
    private static final int TABLE_FLAGS = 2;
    private static final int TABLE_OWNED = 2;
    private static final int TABLE_PERSISTENT = 4;
    private static final int CHAIN_TABLE = 1;
    private static final int CHAIN_NAME = 3;
    private static final int CHAIN_HOOK = 4;
    private static final int CHAIN_POLICY = 5;
    private static final int CHAIN_TYPE = 7;
    private static final int HOOK_NUMBER = 1;
    private static final int HOOK_PRIORITY = 2;
    private static final int HOOK_DEVICE = 3;
    private static final int HOOK_NETDEV_EGRESS = 1;
    private static final int SET_TABLE = 1;
    private static final int SET_NAME = 2;
    private static final int SET_FLAGS = 3;
    private static final int SET_KEY_TYPE = 4;
    private static final int SET_KEY_LENGTH = 5;
    private static final int SET_ID = 10;
    private static final int SET_FLAG_TIMEOUT = 0x10;
    private static final int ELEMENTS_TABLE = 1;
    private static final int ELEMENTS_SET = 2;
    private static final int ELEMENTS_LIST = 3;
    private static final int ELEMENT_KEY = 1;
    private static final int ELEMENT_TIMEOUT = 4;
    private static final int RULE_TABLE = 1;
    private static final int RULE_CHAIN = 2;
    private static final int RULE_EXPRESSIONS = 4;
    private static final int LIST_ITEM = 1;
    private static final int EXPRESSION_NAME = 1;
    private static final int EXPRESSION_DATA = 2;
    private static final int DATA_VALUE = 1;
    private static final int DATA_VERDICT = 2;
    private static final int VERDICT_CODE = 1;
    private static final int VERDICT_DROP = 0;
    private static final int VERDICT_ACCEPT = 1;
    private static final int REGISTER_VERDICT = 0;
    private static final int REGISTER_1 = 1;
    private static final int META_PROTOCOL = 1;
    private static final int META_L4PROTO = 16;
    private static final int PAYLOAD_NETWORK = 1;
    private static final int PAYLOAD_TRANSPORT = 2;
    private static final int LOOKUP_INVERTED = 1;

    // How nft shows the keys of a set: its own numbers, the kernel does not look at them.
    private static final int NFT_TYPE_IPV4_ADDRESS = 7;
    private static final int NFT_TYPE_SERVICE = 13;

    private static final int ETHER_TYPE_IPV4 = 0x0800;
    private static final int ETHER_TYPE_ARP = 0x0806;
    private static final int PROTOCOL_UDP = 17;
    private static final int ARP_SENDER_ADDRESS_OFFSET = 14;
    private static final int IPV4_SOURCE_OFFSET = 12;

    private static final int BATCH_BYTES_MAX = 128 << 10;

    private final Netlink netlink;
    private final NetlinkWriter batch = new NetlinkWriter(BATCH_BYTES_MAX);
    private GateConfiguration configuration = new GateConfiguration(List.of());
    private boolean owning;

    private Gate(Netlink netlink, boolean owning) {
        this.netlink = netlink;
        this.owning = owning;
    }

    /** The gate of this network namespace; installs nothing. */
    static Gate open() throws IOException {
        return new Gate(Netlink.open(Netlink.NETFILTER, 0), true);
    }

    /** The same as on a kernel before 6.9, where the table belongs to nobody. */
    static Gate openWithoutOwnership() throws IOException {
        return new Gate(Netlink.open(Netlink.NETFILTER, 0), false);
    }

    /**
     * Puts these rules in the place of whatever was there, shut.
     *
     * @throws LinuxException with {@link Errno#EPERM} if the table belongs to another keeper that
     *     lives
     */
    void install(GateConfiguration wanted) throws IOException {
        try {
            write(wanted);
        } catch (LinuxException e) {
            // How the kernels before 5.12, before 6.9, refuse flags that they do not know.
            if (!owning || (e.errno() != Errno.EOPNOTSUPP && e.errno() != Errno.EINVAL)) {
                throw e;
            }
            owning = false;
            write(wanted);
        }
        configuration = wanted;
    }

    private void write(GateConfiguration wanted) throws IOException {
        beginBatch();
        // Made, so that it can be deleted, and made anew: replaced in one transaction.
        table(NEWTABLE);
        table(DELTABLE);
        newTable();
        set(DHCP_SET, 1, NFT_TYPE_SERVICE, 2);
        set(VIP_SET, 2, NFT_TYPE_IPV4_ADDRESS, 4);
        set(TICKET_SET, 3, NFT_TYPE_SERVICE, 2);
        for (var interfaceName : interfaces(wanted)) {
            chain(interfaceName);
            dropDhcp(interfaceName);
        }
        for (var entry : wanted.guarded()) {
            dropFrom(entry, ETHER_TYPE_ARP, ARP_SENDER_ADDRESS_OFFSET);
            dropFrom(entry, ETHER_TYPE_IPV4, IPV4_SOURCE_OFFSET);
        }
        commit("install the gate on " + interfaces(wanted));
    }

    /**
     * Puts down the ticket for one opening. To be called before the look at the clock by which the
     * opening's length is reckoned.
     *
     * @return false if the rules are not there any more: somebody else has removed them
     */
    boolean prepare() throws IOException {
        beginBatch();
        flush(TICKET_SET);
        elements(TICKET_SET, TICKET.toMillis(), List.of(DHCP_PORT_KEY));
        return commitIfThere("prepare to open the gate");
    }

    /**
     * Lets packets pass for so long; what was left of an earlier permission does not count.
     *
     * @return false if more than {@link #TICKET} has passed since {@link #prepare}: nothing has
     *     changed then
     */
    boolean openFor(long timeoutMillis) throws IOException {
        beginBatch();
        // First, and refused if there is none: the kernel then does nothing of the rest.
        takeTicket();
        flush(DHCP_SET);
        flush(VIP_SET);
        elements(DHCP_SET, timeoutMillis, List.of(DHCP_PORT_KEY));
        elements(
                VIP_SET,
                timeoutMillis,
                configuration.guarded().stream()
                        .map(GateConfiguration.Guarded::virtualAddress)
                        .distinct()
                        .map(Inet4Address::getAddress)
                        .toList());
        return commitIfThere("open the gate");
    }

    /** Lets nothing pass. Rules that somebody else has removed are installed anew. */
    void shut() throws IOException {
        beginBatch();
        flush(DHCP_SET);
        flush(VIP_SET);
        if (!commitIfThere("shut the gate")) {
            install(configuration);
        }
    }

    /** Takes the rules away: from now on nothing is dropped. */
    void remove() throws IOException {
        beginBatch();
        table(DELTABLE);
        commitIfThere("remove the gate");
        configuration = new GateConfiguration(List.of());
    }

    /** Whether nobody else can change the rules; known from {@link #install} on. */
    boolean isOwning() {
        return owning;
    }

    private static Set<String> interfaces(GateConfiguration configuration) {
        var names = new LinkedHashSet<String>();
        for (var entry : configuration.guarded()) {
            names.add(entry.interfaceName());
        }
        return names;
    }

    private void beginBatch() {
        batch.reset();
        batch.begin(BATCH_BEGIN, NetlinkWriter.REQUEST)
                .put8(0)
                .put8(0)
                .put16BigEndian(SUBSYSTEM_NFTABLES)
                .end();
    }

    private void commit(String what) throws IOException {
        batch.begin(BATCH_END, NetlinkWriter.REQUEST)
                .put8(0)
                .put8(0)
                .put16BigEndian(SUBSYSTEM_NFTABLES)
                .end();
        netlink.execute(what, batch);
    }

    /** Returns false, and has done nothing, if something that the batch is about is not there. */
    private boolean commitIfThere(String what) throws IOException {
        try {
            commit(what);
            return true;
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
            return false;
        }
    }

    private NetlinkWriter message(int type, int flags) {
        return batch.begin(
                        (SUBSYSTEM_NFTABLES << 8) | type,
                        NetlinkWriter.REQUEST | NetlinkWriter.ACK | flags)
                .put8(FAMILY_NETDEV)
                .put8(0)
                .put16BigEndian(0);
    }

    private void table(int type) {
        int flags = type == NEWTABLE ? NetlinkWriter.CREATE : 0;
        message(type, flags).attribute(TABLE_NAME, TABLE).end();
    }

    private void newTable() {
        var message = message(NEWTABLE, NetlinkWriter.CREATE).attribute(TABLE_NAME, TABLE);
        if (owning) {
            message.attribute32BigEndian(TABLE_FLAGS, TABLE_OWNED | TABLE_PERSISTENT);
        }
        message.end();
    }

    private void set(String name, int id, int keyType, int keyBytes) {
        message(NEWSET, NetlinkWriter.CREATE)
                .attribute(SET_TABLE, TABLE)
                .attribute(SET_NAME, name)
                .attribute32BigEndian(SET_FLAGS, SET_FLAG_TIMEOUT)
                .attribute32BigEndian(SET_KEY_TYPE, keyType)
                .attribute32BigEndian(SET_KEY_LENGTH, keyBytes)
                .attribute32BigEndian(SET_ID, id)
                .end();
    }

    private void chain(String interfaceName) {
        message(NEWCHAIN, NetlinkWriter.CREATE)
                .attribute(CHAIN_TABLE, TABLE)
                .attribute(CHAIN_NAME, interfaceName)
                .nest(
                        CHAIN_HOOK,
                        () ->
                                batch.attribute32BigEndian(HOOK_NUMBER, HOOK_NETDEV_EGRESS)
                                        .attribute32BigEndian(HOOK_PRIORITY, 0)
                                        .attribute(HOOK_DEVICE, interfaceName))
                .attribute32BigEndian(CHAIN_POLICY, VERDICT_ACCEPT)
                .attribute(CHAIN_TYPE, "filter")
                .end();
    }

    private void flush(String set) {
        message(DELSETELEM, 0).attribute(ELEMENTS_TABLE, TABLE).attribute(ELEMENTS_SET, set).end();
    }

    private void takeTicket() {
        message(DELSETELEM, 0)
                .attribute(ELEMENTS_TABLE, TABLE)
                .attribute(ELEMENTS_SET, TICKET_SET)
                .nest(
                        ELEMENTS_LIST,
                        () ->
                                batch.nest(
                                        LIST_ITEM,
                                        () ->
                                                batch.nest(
                                                        ELEMENT_KEY,
                                                        () ->
                                                                batch.attribute(
                                                                        DATA_VALUE,
                                                                        DHCP_PORT_KEY))))
                .end();
    }

    private void elements(String set, long timeoutMillis, List<byte[]> keys) {
        message(NEWSETELEM, NetlinkWriter.CREATE)
                .attribute(ELEMENTS_TABLE, TABLE)
                .attribute(ELEMENTS_SET, set)
                .nest(
                        ELEMENTS_LIST,
                        () -> {
                            for (var key : keys) {
                                batch.nest(LIST_ITEM, () -> element(key, timeoutMillis));
                            }
                        })
                .end();
    }

    private void element(byte[] key, long timeoutMillis) {
        batch.nest(ELEMENT_KEY, () -> batch.attribute(DATA_VALUE, key))
                .attribute64BigEndian(ELEMENT_TIMEOUT, timeoutMillis);
    }

    private void dropDhcp(String interfaceName) {
        rule(
                interfaceName,
                () -> {
                    loadMeta(META_L4PROTO);
                    compare(new byte[] {PROTOCOL_UDP});
                    loadPayload(PAYLOAD_TRANSPORT, 0, 2);
                    compare(DHCP_PORT_KEY);
                    dropUnlessIn(DHCP_SET);
                });
    }

    private void dropFrom(GateConfiguration.Guarded entry, int etherType, int addressOffset) {
        rule(
                entry.interfaceName(),
                () -> {
                    loadMeta(META_PROTOCOL);
                    compare(new byte[] {(byte) (etherType >> 8), (byte) etherType});
                    loadPayload(PAYLOAD_NETWORK, addressOffset, 4);
                    compare(entry.virtualAddress().getAddress());
                    dropUnlessIn(VIP_SET);
                });
    }

    private void rule(String interfaceName, Runnable expressions) {
        message(NEWRULE, NetlinkWriter.CREATE | NetlinkWriter.APPEND)
                .attribute(RULE_TABLE, TABLE)
                .attribute(RULE_CHAIN, interfaceName)
                .nest(RULE_EXPRESSIONS, expressions)
                .end();
    }

    private void expression(String name, Runnable data) {
        batch.nest(
                LIST_ITEM,
                () -> batch.attribute(EXPRESSION_NAME, name).nest(EXPRESSION_DATA, data));
    }

    private void loadMeta(int key) {
        expression(
                "meta",
                () -> batch.attribute32BigEndian(1, REGISTER_1).attribute32BigEndian(2, key));
    }

    private void loadPayload(int base, int offset, int bytes) {
        expression(
                "payload",
                () ->
                        batch.attribute32BigEndian(1, REGISTER_1)
                                .attribute32BigEndian(2, base)
                                .attribute32BigEndian(3, offset)
                                .attribute32BigEndian(4, bytes));
    }

    private void compare(byte[] expected) {
        expression(
                "cmp",
                () ->
                        batch.attribute32BigEndian(1, REGISTER_1)
                                .attribute32BigEndian(2, 0)
                                .nest(3, () -> batch.attribute(DATA_VALUE, expected)));
    }

    /** The register holds the key. */
    private void dropUnlessIn(String set) {
        expression(
                "lookup",
                () ->
                        batch.attribute(1, set)
                                .attribute32BigEndian(2, REGISTER_1)
                                .attribute32BigEndian(5, LOOKUP_INVERTED));
        expression("counter", () -> {});
        expression(
                "immediate",
                () ->
                        batch.attribute32BigEndian(1, REGISTER_VERDICT)
                                .nest(2, () -> batch.nest(DATA_VERDICT, this::dropVerdict)));
    }

    private void dropVerdict() {
        batch.attribute32BigEndian(VERDICT_CODE, VERDICT_DROP);
    }

    /** Closes the connection to the kernel; rules and permissions stay. */
    @Override
    public void close() {
        netlink.close();
    }
}
