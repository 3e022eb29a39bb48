/** The arbiter of a pair with a fence device and no third machine: mode F of PROTOCOL.md. */
@NullMarked
package io.leasehold.heartbeat.record.arbiter.fencing;

import org.jspecify.annotations.NullMarked;
