package io.leasehold.ops.cli;

import java.util.Locale;

/** Small pieces of text for people. */
final class Text {
    private Text() {}

    /** Rounded to what a person compares: {@code 21 ms}, {@code 4.2 s}, {@code 3 min}. */
    static String duration(double millis) {
        if (millis < 10) {
            return number("%.1f", millis) + " ms";
        }
        if (millis < 1_000) {
            return number("%.0f", millis) + " ms";
        }
        if (millis < 60_000) {
            return number("%.1f", millis / 1_000) + " s";
        }
        var minutes = (long) (millis / 60_000);
        if (minutes < 120) {
            return minutes + " min";
        }
        return minutes < 48 * 60 ? minutes / 60 + " h" : minutes / (24 * 60) + " d";
    }

    static String duration(long millis) {
        return millis < 10 ? millis + " ms" : duration((double) millis);
    }

    static String micros(long micros) {
        return micros < 1_000 ? micros + " us" : duration(micros / 1_000.0);
    }

    static String size(long bytes) {
        if (bytes < 1 << 10) {
            return bytes + " B";
        }
        if (bytes < 1 << 20) {
            return number("%.1f", bytes / 1024.0) + " KiB";
        }
        if (bytes < 1L << 30) {
            return number("%.1f", bytes / 1048576.0) + " MiB";
        }
        return number("%.1f", bytes / 1073741824.0) + " GiB";
    }

    static String yesOrNo(boolean yes) {
        return yes ? "yes" : "no";
    }

    /**
     * Breaks a text at its spaces, so that no line is wider than {@code columns} if it can be
     * helped.
     */
    static String wrap(String text, int columns, String indentation) {
        var lines = new StringBuilder();
        int used = 0;
        for (var word : text.split(" ", -1)) {
            if (used > 0 && used + 1 + word.length() > columns) {
                lines.append('\n').append(indentation);
                used = indentation.length();
            } else if (used > 0) {
                lines.append(' ');
                used++;
            }
            lines.append(word);
            used += word.length();
        }
        return lines.toString();
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
