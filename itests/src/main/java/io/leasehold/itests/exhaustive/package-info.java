/**
 * {@code ops/bin/simulate --exhaustive}: every interleaving of two boxes within a small scope, with
 * the production state machines. Start reading at {@link io.leasehold.itests.exhaustive.Explorer}.
 *
 * <p>Of production are, unchanged: {@code Controller} with all its parts (membership, arbiters,
 * fencing sequence, lease, resources) and its messages, {@code Replication}, {@code Outflow},
 * {@code Tenure}, {@code Lineage}, {@code Standing}, {@code SessionProtocol}, and the frames as
 * they are on the wire. {@code Box} and {@code Volume} model what those stand on: keeper, gate,
 * power, journal, connection. The scope: one write, and one of each {@code Fault}, struck in
 * between any two steps and also between the effects of one step.
 *
 * <p>Three ideas make the space small enough to be seen whole:
 *
 * <ul>
 *   <li>The machines are pure, so what a box does upon one input is worked out once and remembered
 *       ({@code Boxes}); a state of the pair is three numbers.
 *   <li>A machine's memory is read and written as it is ({@code Memory}); what only people read is
 *       left out, and instants are kept relative to now, so that it does not matter when a state is
 *       reached. What was read is kept in groups of values ({@code Snapshots}), because one state
 *       differs in few of them from the next.
 *   <li>Time moves in {@code Clock#QUANTUM_NANOS}, and only when nothing is left that would happen
 *       at once. Within an instant everything happens in every order. The order of timers (dead
 *       time, replica time-out, lease and wait of R9) is that of the production configuration, in
 *       quanta; a message that is later than that is a fault.
 * </ul>
 */
@NullMarked
package io.leasehold.itests.exhaustive;

import org.jspecify.annotations.NullMarked;
