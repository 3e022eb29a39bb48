/**
 * The system calls that the lab needs and Java lacks, through the foreign function interface:
 * entering a network namespace, taking an interface down, raw frames, signals.
 *
 * <p>Nothing here knows what a lab is. Start reading at {@link
 * io.leasehold.itests.lab.linux.Linux}.
 */
@NullMarked
package io.leasehold.itests.lab.linux;

import org.jspecify.annotations.NullMarked;
