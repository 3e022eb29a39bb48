/**
 * The composition root: one running node.
 *
 * <p>{@link io.leasehold.ops.node.Main} is the process {@code clusterd}. It reads the configuration
 * and builds a {@link io.leasehold.ops.node.Node}: the only place that binds the real clock, the
 * keeper, the replicated volume and the DHCP server to the pure {@link
 * io.leasehold.heartbeat.controller.Controller}, which decides everything.
 *
 * <pre>
 *   keeper ─ KeeperEvents ──┐                                  ┌─► keeper (gate, beats, processes)
 *   volume ─ VolumeEvents ──┼─► ControllerLoop ─► EffectShell ─┼─► volume (promote, park, demote)
 *   control socket ─────────┘    one thread,       performs    ├─► resources (start, stop, monitor)
 *   resources, fence agents ─┘   bounded inbox     in order    └─► fence agents, history, notify.d
 * </pre>
 *
 * <p>The loop never blocks on anything but what must be durable or silent before the next effect
 * (see {@link io.leasehold.heartbeat.controller.Effect}). What blocks runs on a thread of its own
 * and answers with an event. A failure of the loop ends the process: the keeper then silences the
 * node, so that stopping is safe.
 */
@NullMarked
package io.leasehold.ops.node;

import org.jspecify.annotations.NullMarked;
