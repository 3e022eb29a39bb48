/**
 * Switches the lab's two servers on and off, as a remote power switch would: without asking them.
 *
 * <p>A server is a set of namespaces (network, mounts, processes, host name) around one small first
 * process, {@code node-init}. Off means, in this order: its cables are dead, its first process and
 * with it every other one is killed, its FUSE connections are aborted, everything is gone. The
 * order matters: a process that dies late, in a system call that FUSE blocks, must not be able to
 * say anything to anybody meanwhile.
 *
 * <p>{@code fence_lab} is the fence agent that goes with it. It talks to the resident {@link
 * io.leasehold.itests.lab.power.PowerController}, which can be told to refuse, to lie, to be slow
 * or to be dead. Start reading at {@link io.leasehold.itests.lab.power.NodePower}.
 */
@NullMarked
package io.leasehold.itests.lab.power;

import org.jspecify.annotations.NullMarked;
