package io.leasehold.heartbeat.record;

import java.util.OptionalLong;

/**
 * A node that takes part in replication but must not serve.
 *
 * @param untilEpochMillis when it ends by itself, wall clock, because it must survive a restart;
 *     empty: until {@code online}
 * @param reason what the operator said, at most {@value #REASON_LENGTH_MAX} characters
 */
public record Standby(OptionalLong untilEpochMillis, String reason) {

    public static final int REASON_LENGTH_MAX = 200;

    public Standby {
        reason =
                reason.length() > REASON_LENGTH_MAX
                        ? reason.substring(0, REASON_LENGTH_MAX)
                        : reason;
    }
}
