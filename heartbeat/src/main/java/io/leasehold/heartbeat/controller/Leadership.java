package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.controller.Phase.Purpose;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import java.util.Optional;

/**
 * What the writer does while it leads: keeps its record true, runs the service, and gives it away
 * when it should not have it. First match first:
 *
 * <pre>
 *   Leading --disk failed (R32)----------------------> Departing DISK_FAILED
 *   Leading --the copies are a split brain (R29)-----> Departing SPLIT_BRAIN
 *   Leading --shutdown, peer ready, first try--------> Departing HAND_OVER
 *   Leading --shutdown-------------------------------> Departing STOP
 *   Leading --standby | interface down | blocked, and peer ready--> Departing HAND_OVER
 *   Leading | Promoting --a higher epoch is heard (R2, R8)--------> Departing DEPOSED
 *   Leading | Promoting --the peer has won this epoch, too (R29)--> Departing SPLIT_BRAIN
 *   Leading --nothing of these--> every resource is wanted
 * </pre>
 */
final class Leadership {
    private final NodeName me;
    private final NodeName peer;
    private final ArbitrationMode mode;
    private final int resourceCount;
    private final Lifecycle lifecycle;
    private final Rights rights;
    private final Evidence evidence;
    private final InSyncSet inSync;
    private final PeerWatch watch;
    private final NodeHealth health;
    private final ServiceGate gate;
    private final Service service;
    private final Departure departure;
    private final Overview overview;
    private boolean shutdownMoveTried;

    Leadership(
            ClusterConfiguration config,
            Lifecycle lifecycle,
            Rights rights,
            Evidence evidence,
            InSyncSet inSync,
            PeerWatch watch,
            NodeHealth health,
            ServiceGate gate,
            Service service,
            Departure departure,
            Overview overview) {
        this.me = config.me();
        this.peer = config.peer();
        this.mode = config.mode();
        this.resourceCount = config.resources().size();
        this.lifecycle = lifecycle;
        this.rights = rights;
        this.evidence = evidence;
        this.inSync = inSync;
        this.watch = watch;
        this.health = health;
        this.gate = gate;
        this.service = service;
        this.departure = departure;
        this.overview = overview;
    }

    // ---------------------------------------------------------------- duty

    void lead(Phase.Leading leading) {
        inSync.settle();
        if (health.isDiskFailed()) {
            departure.begin(Purpose.DISK_FAILED, "the disk failed");
            return;
        }
        if (isSplitBrain()) {
            departure.splitBrain(
                    "both copies may have leases that clients were told and the other one lacks");
            return;
        }
        var shutdown = lifecycle.shutdownReason();
        if (shutdown.isPresent()) {
            if (!shutdownMoveTried && overview.isReady()) {
                shutdownMoveTried = true;
                departure.begin(Purpose.HAND_OVER, shutdown.get());
            } else {
                departure.begin(Purpose.STOP, shutdown.get());
            }
            return;
        }
        var reason = reasonToMove();
        if (reason.isPresent() && departure.mayMove() && overview.isReady()) {
            departure.begin(Purpose.HAND_OVER, reason.get());
            return;
        }
        // R9: until the other one is silent by any clock, nothing of ours may be heard or mounted.
        service.want(gate.isPeerSilenceAwaited() ? 0 : resourceCount, leading.handedOver());
        service.tellThatItRuns();
    }

    /**
     * R29: what clients were told is in two histories, and whoever goes on may give an address
     * twice that the other one has given. With a witness the record says whose history counts (R14)
     * and no person may go past it (R12), so the one that it names goes on.
     */
    private boolean isSplitBrain() {
        return mode != ArbitrationMode.ZOOKEEPER
                && health.volume().filter(VolumeStatus::splitBrain).isPresent();
    }

    /**
     * Why this primary would rather have the peer serve; the peer must be better in that respect.
     */
    private Optional<String> reasonToMove() {
        if (rights.state().standby().isPresent()) {
            return Optional.of(me + " is in standby");
        }
        if (rights.state().maintenance().on()) {
            return Optional.empty();
        }
        if (!health.isClientNetworkUp()) {
            return Optional.of(
                    "tracked interface down: " + String.join(", ", health.downInterfaces()));
        }
        return service.isBlocked()
                ? Optional.of("the service does not run here")
                : Optional.empty();
    }

    // ---------------------------------------------------------------- heard

    /** In a beat. */
    void heard(Announcement said) {
        var record = rights.record();
        if (said.epoch().equals(record.epoch()) && !watch.isHung()) {
            gate.peerBeats();
        }
        // "Outdated at my own epoch and generation" stays true until I grow it again, so it is a
        // proof whenever it is heard, in whatever order (ADR 0024).
        if (said.epoch().equals(record.epoch())
                && said.gen().equals(record.gen())
                && record.isInSync(peer)
                && said.standing().isOutdated()
                && !said.serving()) {
            evidence.peerOutdated(Rule.R16, peer + " is outdated, by its own word");
        }
        if (said.role() == Role.PRIMARY && said.epoch().isAfter(record.epoch())) {
            departure.deposed(said.epoch());
        } else if (PeerWatch.isWriting(said.role()) && said.epoch().equals(record.epoch())) {
            departure.splitBrain(bothWon());
        }
    }

    /** In the session. */
    void heard(Hello hello) {
        var epoch = rights.record().epoch();
        if (hello.record().epoch().isAfter(epoch)) {
            departure.deposed(hello.record().epoch());
        } else if (hello.record().epoch().equals(epoch) && hello.record().isPrimary(peer)) {
            // It may have stopped already, because it has heard of this node first.
            departure.splitBrain(bothWon());
        }
    }

    /** R1: no rule brings it about; somebody had power read or asserted off that was not (R34). */
    private String bothWon() {
        return me
                + " and "
                + peer
                + " have both won epoch "
                + rights.record().epoch()
                + ", so one of them was proven off and was not";
    }
}
