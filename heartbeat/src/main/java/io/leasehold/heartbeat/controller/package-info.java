/**
 * The pure heart of a node: {@link io.leasehold.heartbeat.controller.Event}s in, {@link
 * io.leasehold.heartbeat.controller.Effect}s out.
 *
 * <p>{@code Controller} composes membership, record and arbiter, fencing, lease and resources. It
 * reads no clock, starts no thread and does no I/O: the same class runs in the daemon and in the
 * simulator. One owner thread calls it.
 *
 * <pre>
 *   beats, links, sessions, volume, resources, fence agents, commands
 *        | Event                                          ^ Effect, in list order
 *        v                                                |
 *   Controller.step(now, event) --> membership -> arbiter/record -> fencing -> volume -> resources
 * </pre>
 *
 * <p>The journey of a missed heartbeat: {@code BeatReceived} stays out, the deadline of {@code
 * membership} passes ({@code Tick}), the peer is <em>lost</em>; the arbiter says what a change of
 * the record needs; {@code RunFenceAgent}; {@code FenceResult}; the record is won and stored
 * ({@code PersistState}); {@code PromoteVolume}; {@code StartResource}, one after the other; {@code
 * OpenGate}.
 */
@NullMarked
package io.leasehold.heartbeat.controller;

import org.jspecify.annotations.NullMarked;
