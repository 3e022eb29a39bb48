/**
 * Keeps a volume equal on two nodes: what {@code fsync} has promised is on every in-sync disk.
 *
 * <p>The door is {@link io.leasehold.blockrep.ReplicatedVolume}: one object per node and volume,
 * opened as secondary, promoted and demoted by whoever holds the record of who may serve (that is
 * not decided here: this module knows data, not rights). It reports through {@link
 * io.leasehold.blockrep.VolumeListener} and describes itself as immutable {@link
 * io.leasehold.blockrep.VolumeFacts}.
 *
 * <p>The rooms, in the order in which one write passes through them:
 *
 * <ol>
 *   <li>{@code fuse}: a request of the kernel becomes an operation;
 *   <li>{@code volume}: operations, their order, and the tree that they are applied to;
 *   <li>{@code replication}: pure; which acknowledgements complete an operation, freeze, shrink,
 *       grow;
 *   <li>{@code session}: pure; what each frame of the peer means, and what must be durable before
 *       it is answered;
 *   <li>{@code journal}: what is durable on this node;
 *   <li>{@code wire} and {@code link}: frames, and the one TLS session that carries them to the
 *       peer;
 *   <li>{@code resync}: how a node that was away is made equal.
 * </ol>
 *
 * <p>Locks, in the order in which a thread may take them; what a thread waits for while it holds
 * one stands behind it here:
 *
 * <pre>
 *   ReplicatedVolume.verifying          one verification
 *   ReplicatedVolume.control            mounts and changes of role
 *   Copy.receiving                      changes that do not come from this copy's writer
 *   ReplicatedVolume.tenure | Copy.checkpointing
 *   Volume: checkpointLock, backingLock, lock
 *   Replicator.order                    an operation's place
 *   Replicator.machineLock | GroupCommit
 *   Journal: lock, superblockLock | Outbox: sending, lock
 * </pre>
 *
 * <p>Rules R1-R40 in comments are those of {@code PROTOCOL.md}.
 */
@NullMarked
package io.leasehold.blockrep;

import org.jspecify.annotations.NullMarked;
