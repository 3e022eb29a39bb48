/**
 * The pure heart of a node: {@link io.leasehold.heartbeat.controller.Event}s in, {@link
 * io.leasehold.heartbeat.controller.Effect}s out.
 *
 * <p>It reads no clock, starts no thread and does no I/O: the same classes run in the daemon and in
 * the simulator. One owner thread calls {@code Controller}, which is the door and the switchboard;
 * what is decided, is decided in one of these parts, each with its own state and its transitions
 * drawn above it. A transition that a drawing does not have stops the process.
 *
 * <pre>
 *   the node         Lifecycle          which phase it is in (Phase), whether it shall end
 *                    Duties             what each phase demands, again and again until nothing is left
 *                    Rights             what is durably known: the record, the promise, the permit
 *                    NodeHealth         the own disk, volume and client network
 *   the peer         PeerWatch          what is learnt of it: heard or lost, primary or not
 *                    PeerSession        what is said and heard in one replication session (R2)
 *                    Publication        what this node says of itself, in beats, session and notify.d
 *   becoming writer  Candidacy          by which right: permit, meeting, resuming, failover, hand-over
 *                    Arbitration        asks the arbiter, goes for the proof that is missing
 *                    Evidence           the proof at hand, P1 or P2, and what voids it
 *                    PeerFencing        has the peer fenced, and turns a success into P2 (R34-R36)
 *                    Promotion          from the record that was won to the volume that is written
 *   being writer     Leadership         keeps the record true, runs the service, gives it away
 *                    InSyncSet          shrink before solo (R4), grow after equal (R10)
 *                    Service            resources started in order, stopped in reverse
 *                    ServiceGate        the serving lease feeds the keeper's gate (R9)
 *   ceasing          Departure          planned hand-over (R17), stop, failed disk, deposed
 *                    SelfFencing        what does not stop in an orderly way is reset (R38)
 *                    Ending             the orderly end of the process
 *   being secondary  Follower           follows, promises (R27), is let in (R10), leaves (R16)
 *   people           OperatorCommands   takeover, standby, maintenance, cleanup, fence, confirm-fenced
 *                    CommandAnswers     who waits for which answer, here or on the peer
 *                    PlannedMove        a hand-over that somebody waits for
 *                    Overview           how things are, for Narrator (status, why) and ReadyChecks
 * </pre>
 *
 * <p>A missed heartbeat: {@code BeatReceived} stays out, the deadline of {@code membership} passes
 * ({@code Tick}), {@code PeerWatch} reports the peer <em>lost</em>; {@code Candidacy} pursues the
 * takeover, {@code Arbitration} hears from the arbiter what is missing, {@code PeerFencing} runs
 * {@code RunFenceAgent}; {@code FenceResult} becomes {@code Evidence}; the record is won and stored
 * ({@code PersistState}); {@code Promotion} orders {@code PromoteVolume}, {@code Service} starts
 * one resource after the other, {@code ServiceGate} opens.
 */
@NullMarked
package io.leasehold.heartbeat.controller;

import org.jspecify.annotations.NullMarked;
