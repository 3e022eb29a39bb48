/**
 * Pure fencing sequence: levels, delay, attempts, back-off, and when a success still counts.
 *
 * <p>"Unconfirmed" is never "fenced": the only proof is that the power state was read back off
 * (R34). The executables are run by {@code heartbeat.agent}. Start reading at {@link
 * io.leasehold.heartbeat.fencing.FencingSequence}.
 */
@NullMarked
package io.leasehold.heartbeat.fencing;

import org.jspecify.annotations.NullMarked;
