package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** From a line of the flattened text back to the file and line that an administrator wrote. */
final class SourceMap {

    private final List<Place> places;

    private SourceMap(List<Place> places) {
        this.places = List.copyOf(places);
    }

    /** Where line {@code line} (from 1) of the flattened text comes from. */
    Optional<Place> at(int line) {
        return line < 1 || line > places.size()
                ? Optional.empty()
                : Optional.of(places.get(line - 1));
    }

    /** Collects text piece by piece, and for each line where it began. */
    static final class Builder {
        private final StringBuilder text = new StringBuilder();
        private final List<Place> places = new ArrayList<>();
        private boolean atLineStart = true;

        /** Adds text that was read at {@code place}. */
        void add(String piece, Place place) {
            int line = place.line();
            for (int i = 0; i < piece.length(); i++) {
                if (atLineStart) {
                    places.add(new Place(place.file(), line, 0));
                    atLineStart = false;
                }
                char c = piece.charAt(i);
                text.append(c);
                if (c == '\n') {
                    line++;
                    atLineStart = true;
                }
            }
        }

        void endLine(Place place) {
            if (!atLineStart) {
                add("\n", place);
            }
        }

        int length() {
            return text.length();
        }

        String text() {
            return text.toString();
        }

        SourceMap build() {
            return new SourceMap(places);
        }
    }
}
