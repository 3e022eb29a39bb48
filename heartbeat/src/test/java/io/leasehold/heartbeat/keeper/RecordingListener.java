package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.link.LinkStatistics;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers everything that the keeper told. */
final class RecordingListener implements KeeperListener {
    record InterfaceChange(String name, boolean present, boolean carrier, long atNanos) {}

    record Listened(long untilNanos, long stoodStillNanos) {}

    final List<PeerBeat> beats = new CopyOnWriteArrayList<>();
    final List<Listened> listened = new CopyOnWriteArrayList<>();
    final List<InterfaceChange> interfaces = new CopyOnWriteArrayList<>();
    final List<ProcessExit> exits = new CopyOnWriteArrayList<>();
    final List<String> events = new CopyOnWriteArrayList<>();
    final List<KeeperHealth> health = new CopyOnWriteArrayList<>();
    volatile List<LinkStatistics> statistics = List.of();

    Optional<PeerBeat> lastBeat() {
        return beats.isEmpty() ? Optional.empty() : Optional.of(beats.getLast());
    }

    @Override
    public void beatReceived(PeerBeat beat) {
        beats.add(beat);
    }

    @Override
    public void listened(long untilNanos, long stoodStillNanos) {
        listened.add(new Listened(untilNanos, stoodStillNanos));
    }

    @Override
    public void interfaceChanged(String interfaceName, boolean present, boolean carrier) {
        interfaces.add(new InterfaceChange(interfaceName, present, carrier, System.nanoTime()));
    }

    @Override
    public void linkStatistics(List<LinkStatistics> links) {
        statistics = links;
    }

    @Override
    public void keeperHealth(KeeperHealth keeperHealth) {
        health.add(keeperHealth);
    }

    @Override
    public void processExited(ProcessExit exit) {
        exits.add(exit);
    }

    @Override
    public void gateLapsed(String reason) {
        events.add("gate lapsed: " + reason);
    }

    @Override
    public void stoodDown(String reason) {
        events.add("stood down: " + reason);
    }

    @Override
    public void shutdownRequested() {
        events.add("shutdown requested");
    }

    @Override
    public void keeperLost(String reason) {
        events.add("keeper lost: " + reason);
    }
}
