package io.leasehold.heartbeat.controller;

import java.util.List;

/** How things are, put together for a person ({@link Narrator}) and for a planned move. */
final class Overview {
    private final ClusterConfiguration config;
    private final Rights rights;
    private final Publication publication;
    private final PeerWatch watch;
    private final PeerSession session;
    private final NodeHealth health;
    private final Service service;
    private final ServiceGate gate;
    private final PeerFencing fencing;
    private final InSyncSet inSync;
    private final Arbitration arbitration;
    private final Witness witness;
    private final Alarms alarms;
    private final StepTime time;

    Overview(
            ClusterConfiguration config,
            Rights rights,
            Publication publication,
            PeerWatch watch,
            PeerSession session,
            NodeHealth health,
            Service service,
            ServiceGate gate,
            PeerFencing fencing,
            InSyncSet inSync,
            Arbitration arbitration,
            Witness witness,
            Alarms alarms,
            StepTime time) {
        this.config = config;
        this.rights = rights;
        this.publication = publication;
        this.watch = watch;
        this.session = session;
        this.health = health;
        this.service = service;
        this.gate = gate;
        this.fencing = fencing;
        this.inSync = inSync;
        this.arbitration = arbitration;
        this.witness = witness;
        this.alarms = alarms;
        this.time = time;
    }

    View view(long nowNanos) {
        return Narrator.tell(situation(nowNanos));
    }

    List<String> alarms() {
        return alarms.sentences();
    }

    String verdict() {
        return view(time.nowNanos()).verdict();
    }

    /** Whether nothing speaks against a hand-over now. */
    boolean isReady() {
        return obstacles().isEmpty();
    }

    /** Why a hand-over now is refused. */
    List<View.Check> obstacles() {
        return ReadyChecks.of(situation(time.nowNanos())).stream()
                .filter(View.Check::isObstacle)
                .toList();
    }

    private Situation situation(long nowNanos) {
        return new Situation(
                nowNanos,
                config,
                time.wallClock(),
                rights.state(),
                publication.role(),
                watch.state(),
                watch.reason(),
                watch.silentNanos(nowNanos),
                watch.links(nowNanos),
                watch.said(),
                session.hello(),
                session.isOpen(),
                session.loss(),
                health.volume(),
                service.status(),
                service.isAllStarted(),
                gate.untilNanos(),
                fencing.phase(),
                fencing.describe(),
                health.isClientNetworkUp(),
                service.isBlocked(),
                inSync.areWritesFrozen(),
                arbitration.lastWinNanos(),
                arbitration.lastWin(),
                witness.situation(),
                gate.isPeerSilenceAwaited(),
                alarms.sentences());
    }
}
