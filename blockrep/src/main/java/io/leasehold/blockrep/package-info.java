/** Keeps a volume equal on two nodes: what {@code fsync} has promised is on every in-sync disk. */
@NullMarked
package io.leasehold.blockrep;

import org.jspecify.annotations.NullMarked;
