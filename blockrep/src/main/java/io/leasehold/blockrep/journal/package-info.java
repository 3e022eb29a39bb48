/**
 * What is durable on this node: a ring of preallocated, checksummed segments, and a superblock.
 *
 * <p>Start reading at {@link io.leasehold.blockrep.journal.Journal}; the formats are drawn in
 * {@code Segment} and {@link io.leasehold.blockrep.journal.Superblock}.
 */
@NullMarked
package io.leasehold.blockrep.journal;

import org.jspecify.annotations.NullMarked;
