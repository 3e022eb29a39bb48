package io.leasehold.heartbeat.record.arbiter.zookeeper;

/**
 * How long the ensemble may take, in nanoseconds of monotonic time.
 *
 * @param answerLimitNanos after this a request counts as unknown, whatever the connection says
 * @param pauseMinNanos pause before an unknown or refused request is tried again; doubled each time
 * @param pauseMaxNanos the longest such pause
 */
public record EnsembleTiming(long answerLimitNanos, long pauseMinNanos, long pauseMaxNanos) {

    public EnsembleTiming {
        if (answerLimitNanos <= 0 || pauseMinNanos <= 0 || pauseMaxNanos < pauseMinNanos) {
            throw new IllegalArgumentException(
                    "limits of the ensemble must be above 0, and the pauses must grow");
        }
    }

    /**
     * An election takes 0.4 to 1.1 s, a write 0.5 ms: to ask again after 0.3 s costs nothing, and
     * finds the new leader soon.
     */
    public static EnsembleTiming defaults() {
        return new EnsembleTiming(300_000_000L, 10_000_000L, 250_000_000L);
    }
}
