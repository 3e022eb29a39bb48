package io.leasehold.heartbeat.keeper;

import java.nio.file.Path;

/**
 * The watchdog that resets this machine when it can neither serve nor be made silent.
 *
 * @param device such as {@code /dev/watchdog}
 * @param timeoutSeconds how long after the last proof it waits; the keeper feeds it once a second
 */
public record WatchdogConfiguration(Path device, int timeoutSeconds) {
    static final int TIMEOUT_SECONDS_MIN = 4;

    public WatchdogConfiguration {
        if (timeoutSeconds < TIMEOUT_SECONDS_MIN) {
            throw new IllegalArgumentException(
                    "a watchdog's timeout of %d s is below %d s, which a late keeper needs"
                            .formatted(timeoutSeconds, TIMEOUT_SECONDS_MIN));
        }
    }
}
