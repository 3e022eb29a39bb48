/**
 * What two nodes say to each other: frames as records, their bytes, and the versions that
 * understand each other. No sockets here. The bytes are drawn in {@link
 * io.leasehold.blockrep.wire.FrameCodec}, the conversation in {@code ops/docs/wire-protocol.md}.
 */
@NullMarked
package io.leasehold.blockrep.wire;

import org.jspecify.annotations.NullMarked;
