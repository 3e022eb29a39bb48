/**
 * {@code ops/bin/demo}: the main job on two boxes in one minute, with a real dhcpd, told line by
 * line, and checked. Start reading at {@link io.leasehold.itests.demo.Demo}.
 */
@NullMarked
package io.leasehold.itests.demo;

import org.jspecify.annotations.NullMarked;
