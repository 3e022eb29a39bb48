/**
 * System calls that Java lacks, through the Foreign Function and Memory API: one static method per
 * call, nothing else.
 *
 * <p>A failed call throws {@link LinuxException} with its errno. On the hot path nothing is
 * allocated: each thread has its own scratch memory for paths, results and errno. Calls on a
 * descriptor are immune to {@link Thread#interrupt}, which closes a {@link
 * java.nio.channels.FileChannel} under everybody else's feet.
 *
 * <p>Constants and structures are those of Linux on 64-bit machines (x86-64 and arm64 have the same
 * values for all that is used here). Start at {@link Linux}.
 */
@NullMarked
package io.leasehold.blockrep.linux;

import org.jspecify.annotations.NullMarked;
