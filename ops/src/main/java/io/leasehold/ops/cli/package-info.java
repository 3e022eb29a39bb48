/**
 * {@code clusterctl}: one class per command.
 *
 * <p>A command makes a {@link io.leasehold.ops.control.Request}, and prints the answer for a person
 * or, with {@code --json}, as it came. What a node does is decided by its daemon; nothing is
 * decided here. The exit codes are {@link io.leasehold.ops.cli.ExitCode}. Start reading at {@link
 * io.leasehold.ops.cli.Clusterctl}.
 *
 * <p>The whole process has 0.4 s on a small machine, the virtual machine's start included.
 * Therefore only the command that was asked for is loaded, nothing here logs, and JSON is streamed;
 * {@code ops/docs/adr/0301-start-of-clusterctl.md} has the figures.
 */
@NullMarked
package io.leasehold.ops.cli;

import org.jspecify.annotations.NullMarked;
