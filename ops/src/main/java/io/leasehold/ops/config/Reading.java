package io.leasehold.ops.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** What one reading of a file has found so far. */
final class Reading {
    private record Unknown(Place place, String key, String message, List<String> known) {}

    private final Source source;
    private final List<EffectiveSetting> settings = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private final List<Problem> warnings = new ArrayList<>();
    private final List<Unknown> unknown = new ArrayList<>();

    Reading(Source source) {
        this.source = source;
    }

    Source source() {
        return source;
    }

    /** A reading of the same file that leads to nothing. */
    Reading muted() {
        return new Reading(source);
    }

    void problem(Place place, String key, String message, String hint) {
        problems.add(new Problem(place, key, message, textOf(hint)));
    }

    void warning(Place place, String key, String message, String hint) {
        warnings.add(new Problem(place, key, message, textOf(hint)));
    }

    void setting(String key, String pattern, String type, String value, Optional<Place> place) {
        settings.add(new EffectiveSetting(key, pattern, type, value, place));
    }

    /**
     * @param known what would have been right at this place
     */
    void unknown(Place place, String key, String message, Collection<String> known) {
        unknown.add(new Unknown(place, key, message, List.copyOf(known)));
    }

    List<EffectiveSetting> settings() {
        return List.copyOf(settings);
    }

    List<Problem> warnings() {
        return warnings.stream().sorted(Problem.BY_PLACE).toList();
    }

    /** To be asked at the end: only then every key that there is has been seen. */
    List<Problem> problems() {
        var all = new ArrayList<>(problems);
        for (var key : unknown) {
            all.add(new Problem(key.place(), key.key(), key.message(), hintFor(key)));
        }
        all.sort(Problem.BY_PLACE);
        return List.copyOf(all);
    }

    private Optional<String> hintFor(Unknown key) {
        var word = lastWord(key.key());
        var elsewhere =
                settings.stream()
                        .map(EffectiveSetting::pattern)
                        .filter(pattern -> pattern.contains(".") && lastWord(pattern).equals(word))
                        .findFirst()
                        .map(pattern -> "did you mean " + pattern + "?");
        return Spelling.closest(word, key.known())
                .map(known -> "did you mean " + known + "?")
                .or(() -> elsewhere)
                .or(() -> Optional.of("known here: " + String.join(", ", key.known())));
    }

    private static String lastWord(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    private static Optional<String> textOf(String hint) {
        return hint.isEmpty() ? Optional.empty() : Optional.of(hint);
    }
}
