package io.leasehold.ops.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigOrigin;
import java.util.Optional;
import java.util.regex.Pattern;

/** The text that is being read, to say where in it something is. */
final class Source {
    private static final Pattern INCLUDE = Pattern.compile("^\\s*include\\b");

    private final String file;
    private final String[] lines;

    Source(String file, String text) {
        this.file = file;
        this.lines = text.split("\r?\n", -1);
    }

    /** The file as a whole. */
    Place whole() {
        return new Place(file, 0, 0);
    }

    /**
     * The parser knows only lines. The column is that of the key's last word, if the word is on
     * that line exactly once: no column is better than a wrong one.
     */
    Place place(ConfigOrigin origin, String key) {
        var line = origin.lineNumber();
        if (line < 1 || line > lines.length) {
            return whole();
        }
        var word = key.substring(key.lastIndexOf('.') + 1);
        var matcher =
                Pattern.compile("(?<![\\w-])" + Pattern.quote(word) + "(?![\\w-])")
                        .matcher(withoutComment(lines[line - 1]));
        if (!matcher.find()) {
            return new Place(file, line, 0);
        }
        var column = matcher.start() + 1;
        return new Place(file, line, matcher.find() ? 0 : column);
    }

    /** Turns what the parser says into the form of all other problems. */
    Problem syntaxProblem(ConfigException e) {
        var message = Optional.ofNullable(e.getMessage()).orElse("cannot be read");
        if (e.origin() == null) {
            return new Problem(new Place(file, includeLine(), 0), "", message, Optional.empty());
        }
        var place = new Place(file, Math.max(e.origin().lineNumber(), 0), 0);
        var prefix = e.origin().description() + ": ";
        if (message.startsWith(prefix)) {
            message = message.substring(prefix.length());
        }
        if (e instanceof ConfigException.UnresolvedSubstitution) {
            return new Problem(
                    place,
                    "",
                    message,
                    Optional.of(
                            "variables of the environment are not used: the file means the same on"
                                    + " both nodes"));
        }
        if (message.contains("not: end of file")) {
            message = "the file ends inside of braces";
        }
        // What follows is advice for programmers.
        var advice = message.indexOf(" (if you intended");
        return new Problem(
                place,
                "",
                advice < 0 ? message : message.substring(0, advice),
                Optional.of("the syntax is HOCON; a text with : $ \" [ ] { } , or # needs quotes"));
    }

    private int includeLine() {
        for (int i = 0; i < lines.length; i++) {
            if (INCLUDE.matcher(lines[i]).find()) {
                return i + 1;
            }
        }
        return 0;
    }

    private static String withoutComment(String line) {
        var hash = line.indexOf('#');
        return hash < 0 ? line : line.substring(0, hash);
    }
}
