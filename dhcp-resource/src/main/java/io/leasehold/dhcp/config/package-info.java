/**
 * The configuration of dhcpd as a cluster needs it: one text made of all included files, checked
 * before it is used, kept in generations, and applied only as a whole.
 *
 * <p>The journey of an edit: the administrator saves {@code dhcpd.conf} on the mount → {@link
 * io.leasehold.dhcp.config.ConfigurationWatch} notices it and waits until it is at rest → {@link
 * io.leasehold.dhcp.config.Configuration} reads it with its includes → {@link
 * io.leasehold.dhcp.config.ConfigurationCheck} asks {@link io.leasehold.dhcp.config.Lint}, {@code
 * dhcpd -t} and {@link io.leasehold.dhcp.config.OrphanedLeases} → {@link
 * io.leasehold.dhcp.config.Generations} stores it as what dhcpd runs on → dhcpd is restarted. A bad
 * file stops at the check: its findings name file, line and column, and dhcpd goes on with, and
 * after a crash restarts on, the generation before it. ADR 0041 has the reasons.
 */
@NullMarked
package io.leasehold.dhcp.config;

import org.jspecify.annotations.NullMarked;
