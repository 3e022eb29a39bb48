/**
 * The Linux calls that heartbeat needs and Java lacks, through FFM: raw sockets, netlink, poll,
 * child processes that inherit a descriptor, real-time scheduling, network namespaces.
 *
 * <p>Every call goes through one native signature (see {@link io.leasehold.heartbeat.linux.Libc}),
 * because linking a signature is what costs time at the start of a JVM, and the keeper has to be
 * there at once. A failed call is a {@link io.leasehold.heartbeat.linux.LinuxException} that names
 * the call and the error; nothing here retries or decides.
 */
@NullMarked
package io.leasehold.heartbeat.linux;

import org.jspecify.annotations.NullMarked;
