/**
 * The keeper: a small process that outlives the daemon and holds what must not die with it.
 *
 * <p>It is the parent of both the daemon ({@code clusterd}) and the DHCP server, and holds five
 * things:
 *
 * <ul>
 *   <li>the <b>/dev/fuse descriptor</b> of the mounted volume, so that requests of the DHCP server
 *       wait while the daemon is replaced, instead of failing (after a failed fsync dhcpd sends its
 *       ACK all the same);
 *   <li>the <b>gate</b>: rules in the kernel that drop everything from UDP port 67 and from the
 *       virtual address unless the keeper renews a permission of 300 ms;
 *   <li>the <b>virtual address</b>, whose lifetime it renews while the gate is open;
 *   <li>the <b>links</b>: it sends the beats, with the age of the daemon's last proven progress,
 *       and passes the peer's on to the daemon;
 *   <li>the <b>processes</b> of the service, which the kernel kills when the keeper dies.
 * </ul>
 *
 * <p>When the daemon stays away or stands still for too long, the keeper <i>stands down</i>: gate
 * shut, DHCP server killed, mount aborted, beats stopped, in this order, so that the peer takes
 * over from a node that is silent. A <b>watchdog</b> is fed from proven progress only, and resets a
 * machine where that does not come about. ADR 0030 and 0031 say why.
 *
 * <p>Start reading at {@link io.leasehold.heartbeat.keeper.KeeperClient} (what the daemon can ask
 * for) or at {@link io.leasehold.heartbeat.keeper.Keeper} (the process). One thread does everything
 * in the keeper; its decisions about the daemon are pure, in {@code DaemonWatch}.
 */
@NullMarked
package io.leasehold.heartbeat.keeper;

import org.jspecify.annotations.NullMarked;
