/**
 * {@code ops/bin/simulate}: two whole boxes on one thread, in virtual time, under every fault that
 * a seed can think of. Start reading at {@link io.leasehold.itests.simulator.Simulation}.
 *
 * <p>Of production are, unchanged and through their public doors: {@code Controller} with
 * membership, arbiters, fencing, lease and resources; {@code Replication} with lineage and
 * standing; {@code Journal} on a disk that forgets; {@code RollingHash}; the codecs of state and
 * messages. Models are what those stand on: {@code Replica} does in one thread what {@code
 * ReplicatedVolume}, {@code Replicator} and {@code Conversation} do with several; {@code Machine}
 * is keeper, gate and power; {@code ModelDisk}, {@code Network}, {@code FenceDevice}, {@code
 * DhcpServer}.
 *
 * <p>The same seed gives the same history, whatever machine it runs on. {@code Invariants} are
 * checked after every step.
 */
@NullMarked
package io.leasehold.itests.simulator;

import org.jspecify.annotations.NullMarked;
