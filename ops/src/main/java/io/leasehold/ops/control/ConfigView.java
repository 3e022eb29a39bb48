package io.leasehold.ops.control;

import java.util.List;
import java.util.Optional;

/**
 * The configuration in force.
 *
 * @param file that it was read from
 * @param settings in the order of the documentation; secrets are shown as {@code ***}
 */
public record ConfigView(String file, List<SettingView> settings) implements View {

    /**
     * One setting.
     *
     * @param source file and line; empty if it is the default
     */
    public record SettingView(String key, String value, Optional<String> source) {}
}
