/**
 * What a file volume is: the operations that change it, and their effect on a directory of plain
 * files.
 *
 * <pre>
 *   primary:    {@link io.leasehold.blockrep.volume.FileSystem} (POSIX calls) → Operation → {@link
 *               io.leasehold.blockrep.volume.OperationLog} (its place in the order) → tree in memory
 *                                                     … durable in the journal → backing directory
 *   secondary:  journal → {@link io.leasehold.blockrep.volume.Volume#apply} → tree and backing directory
 *   restart:    {@link io.leasehold.blockrep.volume.Volume#open}: what is there + the journal's tail, by {@link
 *               io.leasehold.blockrep.volume.Redo}
 *   resync:     {@link io.leasehold.blockrep.volume.Manifest}, contents → {@link
 *               io.leasehold.blockrep.volume.Shadow} → exchange; or {@link
 *               io.leasehold.blockrep.volume.Changes} of both → {@link
 *               io.leasehold.blockrep.volume.Patch} → backing directory
 * </pre>
 *
 * <p>Three rules hold it together. Files are known by an id that never changes (ADR 11). An
 * operation was validated before it got its place, so applying it cannot be refused. And the
 * backing directory never has an effect that the journal on the disk does not know (R26).
 *
 * <p>Extended attributes: {@code user.} and {@code trusted.} are replicated, others are refused;
 * {@code trusted.leasehold.*} marks the backing files and is hidden. Times: mtime is the
 * operation's on both nodes, atime changes only when somebody sets it, ctime is each node's own.
 *
 * <p>Start at {@link io.leasehold.blockrep.volume.Operation}.
 */
@NullMarked
package io.leasehold.blockrep.volume;

import org.jspecify.annotations.NullMarked;
