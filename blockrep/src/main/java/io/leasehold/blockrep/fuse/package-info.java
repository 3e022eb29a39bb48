/**
 * The front-end of a file volume: the kernel's FUSE protocol, spoken directly on {@code /dev/fuse}.
 *
 * <p>Requests are read by a few threads on <em>one</em> descriptor, which the keeper holds too: the
 * mount outlives this process, and a successor {@linkplain
 * io.leasehold.blockrep.fuse.FuseMount#resume resumes} it. Each request becomes one call on {@link
 * io.leasehold.blockrep.volume.FileSystem}; this is the only place that knows errno. Start at
 * {@link io.leasehold.blockrep.fuse.FuseMount}.
 *
 * <h2>Decisions</h2>
 *
 * <ul>
 *   <li><b>Kernel.</b> At least protocol 7.33 (Linux 5.11). Requests that a dead daemon has left
 *       unanswered come back by FUSE_NOTIFY_RESEND on Linux 6.9 and later; on an older kernel the
 *       mount is not gone on with, and the node is given up.
 *   <li><b>Caches.</b> Names, attributes and pages may be cached for ever: nobody else changes a
 *       mounted volume. No writeback cache: a WRITE request is sent before write(2) returns, so the
 *       order of operations is the order of calls.
 *   <li><b>No errors to hold something back.</b> A request that cannot be carried out because the
 *       volume has failed is never answered. FSYNC is answered when the data is durable on all
 *       in-sync nodes, by the thread that brings the last proof, and never with an error; INTERRUPT
 *       is ignored, since no call here waits for anything else.
 *   <li><b>Permissions</b> are checked by the kernel (default_permissions), for every user
 *       (allow_other). Mounted nosuid and nodev: it is a place for data. FIFOs and sockets can be
 *       made, devices cannot (EPERM).
 *   <li><b>Set-uid bits</b> are taken here when somebody without CAP_FSETID writes
 *       (HANDLE_KILLPRIV_V2); otherwise the kernel would ask for security.capability before every
 *       write.
 *   <li><b>Extended attributes</b>: user. and trusted.; the others, so POSIX ACLs too, answer
 *       EOPNOTSUPP.
 *   <li><b>Locks</b> (flock, fcntl) are the kernel's own: all programs that use the volume are on
 *       one node.
 *   <li><b>Not offered</b>: O_TMPFILE (EOPNOTSUPP), copy_file_range (the kernel copies through read
 *       and write instead), ioctl (ENOTTY), fallocate modes that shift the file (EOPNOTSUPP).
 * </ul>
 */
@NullMarked
package io.leasehold.blockrep.fuse;

import org.jspecify.annotations.NullMarked;
