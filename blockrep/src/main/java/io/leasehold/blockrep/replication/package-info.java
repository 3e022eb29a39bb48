/**
 * Pure: which acknowledgements complete an operation, when acknowledgements freeze, and who is made
 * equal to whom.
 *
 * <p>No thread, clock, file or socket: {@link io.leasehold.blockrep.replication.Replication} is
 * told events with their time and answers with effects; the same class runs in the daemon and in
 * the simulator. Histories of two nodes are compared in {@link
 * io.leasehold.blockrep.replication.Lineage}.
 */
@NullMarked
package io.leasehold.blockrep.replication;

import org.jspecify.annotations.NullMarked;
