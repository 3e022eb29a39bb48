package io.leasehold.ops.config;

import java.util.Optional;

/**
 * One setting as it is in force.
 *
 * @param key the full key, such as {@code links.lan.port}
 * @param pattern the key with the names of nodes and links replaced by {@code NAME}: {@code
 *     links.NAME.port}
 * @param type what values it takes, in words
 * @param value as it would be written in a file; secrets are replaced by {@code ***}
 * @param source where it was set; empty if it is the default
 */
public record EffectiveSetting(
        String key, String pattern, String type, String value, Optional<Place> source) {}
