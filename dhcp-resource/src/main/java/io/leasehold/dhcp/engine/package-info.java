/**
 * The DHCP server's process: how it is started, when it is ready, how it is stopped, and what its
 * log and its open files give away. Start reading at {@link io.leasehold.dhcp.engine.DhcpdEngine}.
 */
@NullMarked
package io.leasehold.dhcp.engine;

import org.jspecify.annotations.NullMarked;
