package io.leasehold.dhcp;

import java.nio.file.Path;

/**
 * Where in a file something was found.
 *
 * @param file as the reader would name it
 * @param line counted from 1; 0 means the file as a whole
 * @param column counted from 1, in bytes; 0 means the line as a whole
 */
public record Place(Path file, int line, int column) {
    public Place {
        if (line < 0 || column < 0) {
            throw new IllegalArgumentException("negative place " + line + ":" + column);
        }
    }

    public static Place of(Path file) {
        return new Place(file, 0, 0);
    }

    /** {@code file:line:column} as compilers print it, without what is not known. */
    @Override
    public String toString() {
        if (line == 0) {
            return file.toString();
        }
        return column == 0 ? file + ":" + line : file + ":" + line + ":" + column;
    }
}
