/**
 * What the two keepers say to each other: the datagrams, how they are sealed, and the conversation
 * that decides which of them is fresh. No sockets, no clock.
 *
 * <p>A beat is believed only if it was made with the cluster's key, by the peer, for this node and
 * link, in answer to a challenge of <i>this</i> run of our keeper, after everything heard before on
 * this link. So a beat that somebody recorded never keeps a dead node alive. The bytes and the
 * conversation are drawn in {@code ops/docs/wire-protocol.md}. Start reading at {@link
 * io.leasehold.heartbeat.wire.Conversation}.
 */
@NullMarked
package io.leasehold.heartbeat.wire;

import org.jspecify.annotations.NullMarked;
