/**
 * The file in which a node keeps its {@link io.leasehold.heartbeat.record.DurableState}: what it
 * must still know about rights after a power cut.
 *
 * <p>Its bytes are drawn in {@link io.leasehold.heartbeat.record.StateCodec} (one state) and {@link
 * io.leasehold.heartbeat.state.StateFile} (two slots, written in turn).
 */
@NullMarked
package io.leasehold.heartbeat.state;

import org.jspecify.annotations.NullMarked;
