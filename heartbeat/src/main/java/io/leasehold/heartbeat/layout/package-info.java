/**
 * Reads and writes the byte layouts of this module: big-endian, bounded, nothing trusted.
 *
 * <p>Used by the codecs of messages and of the durable state. A reader checks every bound before it
 * allocates and ends in a {@link io.leasehold.heartbeat.layout.LayoutException} with the offset.
 */
@NullMarked
package io.leasehold.heartbeat.layout;

import org.jspecify.annotations.NullMarked;
