package io.leasehold.dhcp.config;

import java.nio.file.Path;
import java.time.Instant;

/**
 * A configuration that was accepted.
 *
 * @param number counts up from 1 on this volume, also for a return to an older text
 * @param hash SHA-256 of the text
 * @param text without the header that the file has
 * @param file where it is stored
 */
public record Generation(long number, Instant acceptedAt, String hash, String text, Path file) {

    /** The text as a configuration, with places in the stored file. */
    public Configuration configuration() {
        return Configuration.ofText(text, file);
    }

    @Override
    public String toString() {
        return "generation " + number + " of " + acceptedAt;
    }
}
