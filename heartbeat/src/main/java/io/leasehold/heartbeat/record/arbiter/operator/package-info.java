/** The arbiter of a pair without any device: a person asserts that the peer is powered off. */
@NullMarked
package io.leasehold.heartbeat.record.arbiter.operator;

import org.jspecify.annotations.NullMarked;
