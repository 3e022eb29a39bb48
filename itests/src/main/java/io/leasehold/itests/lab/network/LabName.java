package io.leasehold.itests.lab.network;

import java.util.regex.Pattern;

/** Tells labs on one machine apart; part of the names of their network namespaces. */
public record LabName(String value) {
    private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9-]{0,31}");

    public static final LabName DEFAULT = new LabName("lab");

    public LabName {
        if (!FORM.matcher(value).matches()) {
            throw new IllegalArgumentException(
                    "a lab's name is 1-32 lower-case letters, digits and hyphens, not '%s'"
                            .formatted(value));
        }
    }

    /** What the names of this lab's network namespaces begin with. */
    String namespacePrefix() {
        return "lh." + value + ".";
    }

    @Override
    public String toString() {
        return value;
    }
}
