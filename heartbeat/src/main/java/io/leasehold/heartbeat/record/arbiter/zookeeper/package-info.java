/**
 * The arbiter of a pair with a witness: the record is one znode, changed only by conditional write
 * (mode W of PROTOCOL.md).
 *
 * <p>{@link io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRecord} gets a change written
 * and never guesses whether it was; {@code heartbeat.zookeeper} has the connection. Start reading
 * there.
 */
@NullMarked
package io.leasehold.heartbeat.record.arbiter.zookeeper;

import org.jspecify.annotations.NullMarked;
