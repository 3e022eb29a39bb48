package io.leasehold.ops.config;

import org.jspecify.annotations.Nullable;

/**
 * A setting that has been read: sound, or with a problem that has been reported. Relations are
 * checked between sound settings only, so that one mistake is one message.
 *
 * @param value null if it is not sound
 */
record Setting<T>(String key, Place place, @Nullable T value) {
    boolean isSound() {
        return value != null;
    }

    /** The value; asked for only once the whole file is known to be sound. */
    T get() {
        if (value == null) {
            throw new IllegalStateException(key + " was reported, but its value is used");
        }
        return value;
    }
}
