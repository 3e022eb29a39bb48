package io.leasehold.heartbeat.link;

import io.leasehold.heartbeat.linux.Errno;
import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.Netlink;
import io.leasehold.heartbeat.linux.NetlinkMessage;
import io.leasehold.heartbeat.linux.NetlinkWriter;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Knows which of the watched interfaces exist and have carrier, from the kernel's link events, and
 * by asking.
 *
 * <p>The events alone are not quick enough: the kernel holds back most changes of carrier until a
 * second has passed since the last one of any interface ({@code linkwatch}). Asked for, it tells
 * the truth at once. So {@link #refresh} is called with every beat.
 *
 * <p>Belongs to one thread, and to the network namespace in which it was opened.
 */
public final class InterfaceMonitor implements AutoCloseable {
    // linux/rtnetlink.h, linux/if.h
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTM_GETLINK = 18;
    private static final int IFLA_IFNAME = 3;
    private static final int IFF_UP = 0x1;
    private static final int IFF_LOWER_UP = 0x1_0000;
    private static final int HEADER_BYTES = 16;
    private static final int INDEX_OFFSET = 4;
    private static final int FLAGS_OFFSET = 8;

    private static final int READS_MAX = 64;

    private final Netlink events;
    private final Netlink questions;
    private final NetlinkWriter question = new NetlinkWriter(64);
    private final Map<Integer, String> names = new HashMap<>();
    private final Map<String, InterfaceState> states = new HashMap<>();
    private final Map<String, InterfaceState> told = new HashMap<>();
    private Set<String> watched = Set.of();

    private InterfaceMonitor(Netlink events, Netlink questions) {
        this.events = events;
        this.questions = questions;
    }

    /**
     * What is known of an interface.
     *
     * @param name its name
     * @param index differs for each interface that ever had this name, 0 if there is none now
     * @param carrier whether it is administratively up and its line is up
     */
    public record InterfaceState(String name, int index, boolean carrier) {
        public boolean present() {
            return index != 0;
        }
    }

    /** Opens it; nothing is watched yet. */
    public static InterfaceMonitor open() throws IOException {
        // Events first, then the list: nothing falls in between.
        var monitor =
                new InterfaceMonitor(
                        Netlink.open(Netlink.ROUTE, Netlink.GROUP_LINK),
                        Netlink.open(Netlink.ROUTE, 0));
        monitor.list();
        return monitor;
    }

    /** What to poll; when it is readable, call {@link #changes}. */
    public int number() throws ClosedChannelException {
        return events.number();
    }

    /**
     * Watches these from now on, and no others; the next {@link #changes} tells each that is new.
     */
    public void watch(Set<String> interfaces) {
        watched = Set.copyOf(interfaces);
        told.keySet().retainAll(watched);
    }

    /** Asks for the watched interfaces that exist: some microseconds each. */
    public void refresh() throws IOException {
        // Events that are older than the answers must not be taken after them.
        readEvents();
        for (var name : watched) {
            var state = states.get(name);
            if (state != null) {
                ask(state);
            }
        }
    }

    private void ask(InterfaceState state) throws IOException {
        question.reset()
                .begin(RTM_GETLINK, NetlinkWriter.REQUEST)
                .put32(0)
                .put32(state.index())
                .put32(0)
                .put32(0)
                .end();
        try {
            take(questions.query("ask for interface " + state.name(), question));
        } catch (LinuxException e) {
            if (!e.meansNoSuchDevice()) {
                throw e;
            }
            // Its end comes as an event.
        }
    }

    /** The watched interfaces whose state was not told yet. */
    public List<InterfaceState> changes() throws IOException {
        readEvents();
        var changes = new ArrayList<InterfaceState>();
        for (var name : watched) {
            var state = states.getOrDefault(name, new InterfaceState(name, 0, false));
            if (!state.equals(told.put(name, state))) {
                changes.add(state);
            }
        }
        return changes;
    }

    private void readEvents() throws IOException {
        for (int reads = 0; reads < READS_MAX; reads++) {
            List<NetlinkMessage> messages;
            try {
                messages = events.events();
            } catch (LinuxException e) {
                if (e.errno() != Errno.ENOBUFS) {
                    throw e;
                }
                // The kernel had more events than room for them: ask for everything instead.
                list();
                continue;
            }
            if (messages.isEmpty()) {
                return;
            }
            messages.forEach(this::take);
        }
    }

    private void list() throws IOException {
        question.reset()
                .begin(RTM_GETLINK, NetlinkWriter.REQUEST | NetlinkWriter.DUMP)
                .put32(0)
                .put32(0)
                .put32(0)
                .put32(0)
                .end();
        var links = questions.dump("list interfaces", question);
        names.clear();
        states.clear();
        links.forEach(this::take);
    }

    private void take(NetlinkMessage message) {
        if (message.type() != RTM_NEWLINK && message.type() != RTM_DELLINK) {
            return;
        }
        int index = message.payload().getInt(INDEX_OFFSET);
        int flags = message.payload().getInt(FLAGS_OFFSET);
        var previous = names.remove(index);
        if (previous != null) {
            states.remove(previous);
        }
        message.textAttribute(HEADER_BYTES, IFLA_IFNAME)
                .filter(_ -> message.type() == RTM_NEWLINK)
                .ifPresent(name -> {
                    boolean carrier = (flags & IFF_UP) != 0 && (flags & IFF_LOWER_UP) != 0;
                    names.put(index, name);
                    states.put(name, new InterfaceState(name, index, carrier));
                });
    }

    @Override
    public void close() {
        events.close();
        questions.close();
    }
}
