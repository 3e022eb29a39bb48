package io.leasehold.ops.cli;

import java.util.Optional;

/** Which build this is. */
public final class Version {
    private Version() {}

    /** As in the jar's manifest; {@code development} if the classes do not come from a jar. */
    public static String current() {
        return Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
                .orElse("development");
    }
}
