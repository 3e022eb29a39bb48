package io.leasehold.ops.config;

import java.util.List;

/** What became of reading a configuration file. */
public sealed interface Loaded {

    /**
     * The file can be used.
     *
     * @param settings every setting in force, in the order of the schema, defaults included
     * @param warnings what is allowed but probably not wanted
     */
    record Valid(
            Configuration configuration, List<EffectiveSetting> settings, List<Problem> warnings)
            implements Loaded {}

    /**
     * The file is refused, and whatever ran on another one goes on unchanged.
     *
     * @param problems all of them, at least one, in the order of their places
     */
    record Invalid(List<Problem> problems) implements Loaded {}
}
