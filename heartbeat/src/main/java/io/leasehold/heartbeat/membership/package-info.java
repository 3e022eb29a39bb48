/**
 * Pure failure detector: beats and the monotonic time in, peer <em>online / suspect / lost</em>
 * out.
 *
 * <p>A lost node is only <em>silent</em>: that starts procedures and grants no right (R37). Whether
 * it is dead is the business of {@code heartbeat.fencing}. Start reading at {@link
 * io.leasehold.heartbeat.membership.Membership}.
 */
@NullMarked
package io.leasehold.heartbeat.membership;

import org.jspecify.annotations.NullMarked;
