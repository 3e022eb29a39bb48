package io.leasehold.ops.control;

import java.util.List;
import java.util.Optional;

/**
 * What {@code clusterctl config check} found; no daemon is asked for it.
 *
 * @param valid no problem
 * @param problems what the file is refused for
 * @param warnings what is allowed but probably not wanted
 */
public record ConfigCheckView(
        String file, boolean valid, List<ProblemView> problems, List<ProblemView> warnings)
        implements View {

    /**
     * One thing that is wrong.
     *
     * @param line from 1; 0 if it is about the file as a whole
     * @param column from 1; 0 if only the line is known
     * @param key the full key; may be empty
     */
    public record ProblemView(
            String file, int line, int column, String key, String message, Optional<String> hint) {}
}
