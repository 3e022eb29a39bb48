/**
 * Pure arithmetic of the serving lease: until when this node may be heard by clients (R9).
 *
 * <p>Start reading at {@link io.leasehold.heartbeat.lease.ServingLease}.
 */
@NullMarked
package io.leasehold.heartbeat.lease;

import org.jspecify.annotations.NullMarked;
