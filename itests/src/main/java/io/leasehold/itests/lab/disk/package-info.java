/**
 * Disks that fail: they lose what was not synced when the power goes, tear the last write, answer
 * EIO or ENOSPC, or are slow.
 *
 * <p>A server of the lab has ext4 on a loop device over one file, and that file is a FUSE file
 * system with nothing else in it: what is written stays in the memory of {@link
 * io.leasehold.itests.lab.disk.FaultyDisk}, a process outside of the server, until a flush of the
 * loop device arrives as FSYNC. No device mapper is needed. Start reading at {@link
 * io.leasehold.itests.lab.disk.BlockStore}.
 */
@NullMarked
package io.leasehold.itests.lab.disk;

import org.jspecify.annotations.NullMarked;
