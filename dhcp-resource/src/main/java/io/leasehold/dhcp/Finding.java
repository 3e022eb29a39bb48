package io.leasehold.dhcp;

import java.util.List;

/**
 * Something that a person should know about a lease file, a configuration or a server, with its
 * place.
 *
 * @param check stable name of the check that found it ({@code server-identifier-missing}); for
 *     programs and for the manual
 * @param what what is wrong and why that matters, one sentence
 * @param advice what to do about it, one sentence; empty if there is nothing to do
 */
public record Finding(Severity severity, String check, Place place, String what, String advice) {

    public static Finding error(String check, Place place, String what, String advice) {
        return new Finding(Severity.ERROR, check, place, what, advice);
    }

    public static Finding warning(String check, Place place, String what, String advice) {
        return new Finding(Severity.WARNING, check, place, what, advice);
    }

    public static Finding note(String check, Place place, String what, String advice) {
        return new Finding(Severity.NOTE, check, place, what, advice);
    }

    public boolean isError() {
        return severity == Severity.ERROR;
    }

    public static boolean anyError(List<Finding> findings) {
        return findings.stream().anyMatch(Finding::isError);
    }

    /** One line for a console or a log. */
    public String text() {
        var word =
                switch (severity) {
                    case NOTE -> "note";
                    case WARNING -> "warning";
                    case ERROR -> "error";
                };
        var sentence = place + ": " + word + ": " + what;
        return advice.isEmpty() ? sentence : sentence + " - " + advice;
    }
}
