package io.leasehold.ops.node;

import io.leasehold.heartbeat.controller.ClusterMessageCodec;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.keeper.KeeperHealth;
import io.leasehold.heartbeat.keeper.KeeperListener;
import io.leasehold.heartbeat.keeper.PeerBeat;
import io.leasehold.heartbeat.keeper.ProcessExit;
import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.link.LinkStatistics;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.Configuration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the controller what the keeper saw. Called on the thread {@code keeper-client}. */
final class KeeperEvents implements KeeperListener {
    private static final Logger log = LoggerFactory.getLogger(KeeperEvents.class);

    private final Consumer<Event> controller;
    private final Consumer<ProcessExit> exits;
    private final Consumer<String> pauses;
    private final Ends ends;
    private final Journalist history;
    private final Map<String, List<LinkName>> linksOfInterface;
    private final Set<String> tracked;
    private final Map<String, Boolean> carriers = new ConcurrentHashMap<>();
    private final long keepaliveNanos;
    private volatile List<LinkStatistics> statistics = List.of();

    /** After these nothing that this process believed is true any more. */
    interface Ends {
        /** The keeper made this node silent. A fresh process may begin again. */
        void stoodDown(String reason);

        /** The keeper is gone, and its processes with it. */
        void keeperLost(String reason);
    }

    /**
     * Knows which interface carries which link.
     *
     * @param exits told of each process of the service that ended
     * @param pauses told when keeper or machine stood still so long that the gate shut by itself
     */
    KeeperEvents(
            Configuration configuration,
            NodeName self,
            Consumer<Event> controller,
            Consumer<ProcessExit> exits,
            Consumer<String> pauses,
            Ends ends,
            Journalist history) {
        this.controller = controller;
        this.exits = exits;
        this.pauses = pauses;
        this.ends = ends;
        this.history = history;
        this.keepaliveNanos = configuration.timing().keepalive().toNanos();
        var byInterface = new java.util.HashMap<String, List<LinkName>>();
        for (var link : configuration.links().values()) {
            byInterface
                    .computeIfAbsent(link.interfaces().of(self), _ -> new ArrayList<>())
                    .add(new LinkName(link.name()));
        }
        this.linksOfInterface = Map.copyOf(byInterface);
        this.tracked = Set.copyOf(configuration.trackInterfaces().of(self));
    }

    /** Figures of the links, a second old at most; empty before the first. */
    List<LinkStatistics> linkStatistics() {
        return statistics;
    }

    @Override
    public void beatReceived(PeerBeat beat) {
        if (beat.payload().length == 0) {
            return; // its daemon has not said anything yet
        }
        try {
            controller.accept(
                    new Event.BeatReceived(
                            beat.receivedNanos(),
                            new LinkName(beat.link()),
                            ClusterMessageCodec.decodeAnnouncement(beat.payload()),
                            beat.progressAgeNanos(),
                            beat.roundTripNanos()));
        } catch (LayoutException e) {
            log.warn(
                    "a beat of the peer is not understood and counts as missing: {}",
                    e.getMessage());
        }
    }

    @Override
    public void listened(long untilNanos, long stoodStillNanos) {
        controller.accept(new Event.Listened(untilNanos, stoodStillNanos));
    }

    @Override
    public void interfaceChanged(String interfaceName, boolean present, boolean carrier) {
        boolean up = present && carrier;
        var before = carriers.put(interfaceName, up);
        if (before != null && before == up) {
            return;
        }
        if (before != null) {
            history.observed(
                    "link",
                    "interface "
                            + interfaceName
                            + (up ? " has its carrier back" : " lost its carrier"),
                    present ? "" : "the interface is gone");
        }
        for (var link : linksOfInterface.getOrDefault(interfaceName, List.of())) {
            controller.accept(new Event.LinkCarrier(link, up));
        }
        if (tracked.contains(interfaceName)) {
            controller.accept(new Event.InterfaceChanged(interfaceName, up));
        }
    }

    @Override
    public void linkStatistics(List<LinkStatistics> links) {
        statistics = List.copyOf(links);
    }

    @Override
    public void keeperHealth(KeeperHealth punctuality) {
        if (punctuality.latenessMaxNanos() > keepaliveNanos) {
            history.observed(
                    "keeper",
                    "was %d ms late".formatted(punctuality.latenessMaxNanos() / 1_000_000),
                    "so were beats and the renewal of the gate",
                    punctuality.realTime() ? "" : "it has no real-time priority");
        }
    }

    @Override
    public void processExited(ProcessExit exit) {
        exits.accept(exit);
    }

    @Override
    public void gateLapsed(String reason) {
        history.observed("gate", "shut although it was to be open", reason);
        pauses.accept(reason);
    }

    @Override
    public void stoodDown(String reason) {
        history.observed("keeper", "this node was made silent", reason);
        ends.stoodDown(reason);
    }

    @Override
    public void shutdownRequested() {
        controller.accept(new Event.ShutdownRequested("the keeper was told to stop"));
    }

    @Override
    public void keeperLost(String reason) {
        history.observed("keeper", "the keeper is gone", reason);
        ends.keeperLost(reason);
    }
}
