/**
 * The shell around an ensemble of ZooKeeper: a node's connection to it, and a member of it.
 *
 * <p>{@link io.leasehold.heartbeat.zookeeper.Ensemble} carries requests about one pair's record,
 * each exactly once, and says what was answered; what follows is decided in {@code
 * record.arbiter.zookeeper}. {@link io.leasehold.heartbeat.zookeeper.Member} is a process of its
 * own, never part of a daemon, with which it would pause and die.
 *
 * <pre>
 *   /                    the chroot of the connect string, "/leasehold" by default
 *   └─ PAIR              the cluster's name
 *      ├─ record         RecordText; changed by conditional write only
 *      └─ nodes
 *         └─ NODE        what that node says of itself, for `clusterctl fleet`; grants nothing
 * </pre>
 */
@NullMarked
package io.leasehold.heartbeat.zookeeper;

import org.jspecify.annotations.NullMarked;
