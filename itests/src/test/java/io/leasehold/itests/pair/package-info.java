/**
 * The pair as a whole, on two boxes of the lab with the real DHCP server: takeovers, crashes,
 * reboots, cut cables, edits. Each scenario begins and ends with a pair that is healthy and in
 * sync, every client served with the address that it had, and both copies equal.
 */
@NullMarked
package io.leasehold.itests.pair;

import org.jspecify.annotations.NullMarked;
