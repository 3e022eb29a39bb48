/**
 * The flight recorder: what a node saw, decided and did, with the rule and the causes, in order,
 * readable after a crash.
 *
 * <p>It stands on Chronicle Queue and adds what a recorder needs and the queue has not: a sequence
 * number and a CRC in each entry, so that a gap or damage is reported and not skipped; retention by
 * size and age; a guard against a full disk; and an opening that nobody waits for. Losing the last
 * entries at a power cut is possible, losing them by kill -9 is not. It is not the durable journal
 * of a volume. ADR 0033 says why. Start reading at {@link
 * io.leasehold.heartbeat.history.FlightRecorder}.
 */
@NullMarked
package io.leasehold.heartbeat.history;

import org.jspecify.annotations.NullMarked;
