/**
 * The one TLS session to the peer: listening, dialling with back-off, pinned certificates both
 * ways.
 *
 * <p>Start reading at {@link io.leasehold.blockrep.link.PeerLink}.
 */
@NullMarked
package io.leasehold.blockrep.link;

import org.jspecify.annotations.NullMarked;
