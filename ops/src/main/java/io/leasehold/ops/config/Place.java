package io.leasehold.ops.config;

import java.util.Comparator;

/**
 * A place in a file.
 *
 * @param line from 1; 0 if the problem is with the file as a whole
 * @param column from 1; 0 if only the line is known
 */
public record Place(String file, int line, int column) implements Comparable<Place> {
    private static final Comparator<Place> ORDER =
            Comparator.comparing(Place::file)
                    .thenComparing(Place::line)
                    .thenComparing(Place::column);

    @Override
    public int compareTo(Place other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        if (line == 0) {
            return file;
        }
        return column == 0 ? file + ":" + line : file + ":" + line + ":" + column;
    }
}
