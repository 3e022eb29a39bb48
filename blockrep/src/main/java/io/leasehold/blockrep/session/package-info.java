/**
 * Pure: what a node answers to the frames of its peer, from the hello of a session to its end.
 *
 * <p>No thread, clock, file or socket: {@link io.leasehold.blockrep.session.SessionProtocol} is
 * told inputs and answers with orders; the same class runs in the daemon and in the simulator. It
 * stands between {@code wire}, whose frames it understands, and {@code replication}, which it tells
 * what they mean for acknowledgements and for who is made equal to whom.
 */
@NullMarked
package io.leasehold.blockrep.session;

import org.jspecify.annotations.NullMarked;
