/**
 * The local control socket: how {@code clusterctl}, and anybody's own script, asks the daemon.
 *
 * <p>A connection carries one {@link Request} and its {@link Reply replies}, the last of which is
 * an answer. A message is one line of JSON with the protocol's version and a {@code kind}:
 *
 * <pre>
 * clusterctl                                                     clusterd
 *    |  {"version":1,"kind":"takeover","node":"dhcp2"}              |
 *    | -----------------------------------------------------------&gt; |
 *    |  {"version":1,"kind":"progress","text":"dhcp1 drains …"}     |
 *    | &lt;----------------------------------------------------------- |
 *    |  {"version":1,"kind":"working"}      (every 2 s meanwhile)    |
 *    | &lt;----------------------------------------------------------- |
 *    |  {"version":1,"kind":"done","sentence":"dhcp2 serves …"}      |
 *    | &lt;----------------------------------------------------------- |
 * </pre>
 *
 * <p>The kernel says who is at the other end: root, and members of the configured groups, may ask.
 * The views are the JSON that {@code --json} prints, stable and described in {@code
 * ops/docs/commands.md}: members may be added, never renamed or removed. Start reading at {@link
 * ControlHandler}, the door that the daemon implements.
 */
@NullMarked
package io.leasehold.ops.control;

import org.jspecify.annotations.NullMarked;
