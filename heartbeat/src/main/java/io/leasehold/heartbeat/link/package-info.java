/**
 * The links: UDP sockets between the two keepers, what was heard on each, and whether its cable is
 * plugged in.
 *
 * <p>A link is a pair of addresses on one interface. What travels on it is package {@code wire}'s
 * business; here are the sockets, the state of each link and its figures.
 */
@NullMarked
package io.leasehold.heartbeat.link;

import org.jspecify.annotations.NullMarked;
