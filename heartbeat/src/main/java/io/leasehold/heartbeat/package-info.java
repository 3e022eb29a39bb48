/** Decides which of two nodes may serve, and proves the other one silent before it says so. */
@NullMarked
package io.leasehold.heartbeat;

import org.jspecify.annotations.NullMarked;
