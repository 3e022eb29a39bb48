/**
 * What a node shows of itself on the client network: the virtual address, the announcement that
 * tells the neighbours where it is now, and raw frames for those who have to speak before (or
 * without) an address.
 *
 * <p>{@link io.leasehold.heartbeat.address.VirtualAddress} puts the address on an interface and
 * takes it off; whether it may be answered for is not decided here but by the kernel gate (package
 * {@code keeper}), which drops everything that comes from it while it is shut. {@link
 * io.leasehold.heartbeat.address.GratuitousArp} is sent after the gate opened. Everything is done
 * by netlink and packet sockets from this process: a failover waits for no {@code ip} command.
 */
@NullMarked
package io.leasehold.heartbeat.address;

import org.jspecify.annotations.NullMarked;
