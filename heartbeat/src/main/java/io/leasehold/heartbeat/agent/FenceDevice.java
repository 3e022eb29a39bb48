package io.leasehold.heartbeat.agent;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One device that can power the peer off.
 *
 * @param agent the executable
 * @param options handed to it on standard input, in this order, before {@code action}
 * @param timeout for switching and reading back together
 */
public record FenceDevice(Path agent, Map<String, String> options, Duration timeout) {
    public FenceDevice {
        options = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(options));
        if (!agent.isAbsolute()) {
            throw new IllegalArgumentException("a fence agent needs an absolute path: " + agent);
        }
        options.forEach((name, value) -> {
            if (name.isEmpty() || (name + value).chars().anyMatch(c -> c == '\n')) {
                throw new IllegalArgumentException(
                        agent + ": an option is one line: '" + name + "'");
            }
        });
    }
}
