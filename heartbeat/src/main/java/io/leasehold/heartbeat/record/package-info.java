/**
 * The record that says who may serve, what a node knows of it durably, and the door of the arbiter
 * that changes it.
 *
 * <p>{@link io.leasehold.heartbeat.record.ClusterRecord} is the record C of PROTOCOL.md; {@link
 * io.leasehold.heartbeat.record.DurableState} is everything that a node must still know after a
 * power cut; {@link io.leasehold.heartbeat.record.Arbiter} rules whether a {@link
 * io.leasehold.heartbeat.record.Change} of the record is won. Data facts (lineage, sequence
 * numbers) belong to the volume: here are only rights. Everything is pure; the file lives in {@code
 * heartbeat.state}. Start reading at {@code Arbiter}.
 */
@NullMarked
package io.leasehold.heartbeat.record;

import org.jspecify.annotations.NullMarked;
