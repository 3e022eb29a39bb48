package io.leasehold.ops.config;

import java.util.Comparator;
import java.util.Optional;

/**
 * One thing that is wrong with a configuration file.
 *
 * @param key the full key, such as {@code timing.dead-time}; empty if the problem is with the file
 *     as a whole
 * @param message what is wrong and what was expected, without a full stop
 * @param hint what to do about it
 */
public record Problem(Place place, String key, String message, Optional<String> hint) {
    static final Comparator<Problem> BY_PLACE =
            Comparator.comparing(Problem::place).thenComparing(Problem::key);

    /**
     * As compilers print it, the hint on a line of its own: {@code FILE:LINE:COLUMN: KEY: MESSAGE}.
     */
    @Override
    public String toString() {
        var line = place + ": " + (key.isEmpty() ? "" : key + ": ") + message;
        return hint.map(text -> line + "\n    hint: " + text).orElse(line);
    }
}
