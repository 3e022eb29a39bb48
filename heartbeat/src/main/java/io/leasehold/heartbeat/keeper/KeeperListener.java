package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.link.LinkStatistics;
import java.util.List;

/**
 * What the keeper tells the daemon. Called on the thread {@code keeper-client}, in the order in
 * which the keeper saw it; must not block: while it does, no answer of the keeper is read either.
 */
public interface KeeperListener {
    /** A beat of the peer; spoofed, replayed, late and damaged datagrams never come here. */
    void beatReceived(PeerBeat beat);

    /**
     * Answer to {@link KeeperClient#listen}: every beat that came until {@code untilNanos} was
     * reported before.
     *
     * @param stoodStillNanos for how long the keeper itself did not run, or had no room to report
     *     what it heard, since the last beat that it reported
     */
    void listened(long untilNanos, long stoodStillNanos);

    /**
     * An interface of a link, of the gate, or watched, changed: told once for each after it is
     * configured and then within milliseconds of the change.
     *
     * @param present whether there is an interface of that name
     * @param carrier whether its line is up ({@code IFF_RUNNING}, and administratively up)
     */
    void interfaceChanged(String interfaceName, boolean present, boolean carrier);

    /**
     * Figures of all links, once a second; counters grow since {@link KeeperClient#configureLinks}.
     */
    void linkStatistics(List<LinkStatistics> links);

    /** How punctual the keeper was, once a second. */
    void keeperHealth(KeeperHealth health);

    void processExited(ProcessExit exit);

    /**
     * The gate is shut though it was to be open: the keeper or the whole machine stood still for so
     * long that nothing of what was known before may be relied on. Prove anew, then open it again.
     */
    void gateLapsed(String reason);

    /**
     * The keeper stood down by itself, because this daemon showed no progress: gate shut, processes
     * killed, mount aborted. Whatever the daemon thought that it was serving, it is not any more,
     * and orders to serve are refused until the next attach.
     */
    void stoodDown(String reason);

    /**
     * The keeper was told to stop: hand over, then end. It waits for {@link
     * SupervisionPolicy#handOverTime}.
     */
    void shutdownRequested();

    /**
     * The keeper is gone, called once and last. Its processes die with it and the gate shuts by
     * itself within {@link KeeperClient#GATE_TIMEOUT}; the daemon aborts its mount and ends.
     */
    void keeperLost(String reason);
}
