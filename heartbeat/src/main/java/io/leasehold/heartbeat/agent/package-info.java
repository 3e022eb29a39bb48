/**
 * Runs fence agents: executables with the ClusterLabs fence-agent interface, as every existing
 * {@code fence_*} has it. Options come on standard input, one {@code name=value} a line; {@code
 * action} is {@code off}, {@code on} or {@code status}; the exit code tells the outcome.
 *
 * <p>What an agent says about its own success is not believed: a node is off when the agent, asked
 * again, reads its power state back as off (R34). When to fence and what follows from it is decided
 * in {@code heartbeat.fencing}; here it is only done. Start reading at {@link
 * io.leasehold.heartbeat.agent.FenceAgents}.
 */
@NullMarked
package io.leasehold.heartbeat.agent;

import org.jspecify.annotations.NullMarked;
