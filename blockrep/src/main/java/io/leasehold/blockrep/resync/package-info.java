/**
 * How a node that was away is made equal when replay cannot do it, and how both copies are
 * verified.
 *
 * <p><b>Compare</b> (R25, R31): the source sends a manifest and the checksums of all chunks; the
 * target builds a shadow beside its tree, from its own content where the checksums agree and from
 * the source's where they don't. The copy is fuzzy, because the source goes on writing: the
 * operations since the manifest are sent at last and redone on the shadow, which makes it exact.
 * Then shadow and tree change places at one instant. Until that instant the target's old copy,
 * journal and lineage are untouched; if anything fails, the shadow is thrown away.
 *
 * <p><b>What was touched</b> (ADR 17): if both journals have the same root at some place, only what
 * either has touched since can differ. The source sends that, the target writes it to a file, and
 * carries it out on its tree when the superblock names the file. What the source has touched it
 * knows from its journal, and from a dirty map behind it.
 *
 * <p>Start reading at {@link io.leasehold.blockrep.resync.CompareSource} and {@link
 * io.leasehold.blockrep.resync.CompareTarget}, then {@link
 * io.leasehold.blockrep.resync.PatchTarget} and {@link io.leasehold.blockrep.resync.KnownChanges}.
 */
@NullMarked
package io.leasehold.blockrep.resync;

import org.jspecify.annotations.NullMarked;
