package io.leasehold.ops.config;

import static java.util.stream.Collectors.joining;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Numbers with their units, as people write them: {@code 50 ms}, {@code 1.5 h}, {@code 8 MiB}. A
 * bare number is none: it means something else in every other program.
 */
public final class Amounts {
    record Unit(String symbol, long factor) {}

    /** In nanoseconds, largest first. */
    static final List<Unit> DURATION_UNITS =
            List.of(
                    new Unit("d", Duration.ofDays(1).toNanos()),
                    new Unit("h", Duration.ofHours(1).toNanos()),
                    new Unit("min", Duration.ofMinutes(1).toNanos()),
                    new Unit("s", Duration.ofSeconds(1).toNanos()),
                    new Unit("ms", Duration.ofMillis(1).toNanos()),
                    new Unit("us", 1_000));

    /** In bytes, largest first; binary units only, because half of the world means 1000 by KB. */
    static final List<Unit> SIZE_UNITS =
            List.of(
                    new Unit("TiB", 1L << 40),
                    new Unit("GiB", 1L << 30),
                    new Unit("MiB", 1L << 20),
                    new Unit("KiB", 1L << 10),
                    new Unit("B", 1));

    private static final Pattern AMOUNT =
            Pattern.compile("([0-9]{1,15}(?:\\.[0-9]{1,9})?) *([A-Za-z]+)");

    private Amounts() {}

    /**
     * Reads a duration of at most 100 years.
     *
     * @throws IllegalArgumentException if it is none; the message says what was expected
     */
    public static Duration parseDuration(String text) {
        return parse(text, DURATION_UNITS)
                .filter(nanos ->
                        nanos.compareTo(BigDecimal.valueOf(Duration.ofDays(36_525).toNanos())) <= 0)
                .map(nanos -> Duration.ofNanos(nanos.longValue()))
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "expected a number and a unit out of "
                                        + symbols(DURATION_UNITS)
                                        + ", found \""
                                        + text
                                        + "\""));
    }

    /** In the largest unit that needs no fraction: 90 s, not 1.5 min. */
    public static String print(Duration duration) {
        return print(duration.toNanos(), DURATION_UNITS);
    }

    static String print(long amount, List<Unit> units) {
        for (var unit : units) {
            if (amount != 0 && amount % unit.factor() == 0) {
                return amount / unit.factor() + " " + unit.symbol();
            }
        }
        return amount + " " + units.getLast().symbol();
    }

    /** In the smallest unit; empty if the text is not a number with one of the units. */
    static Optional<BigDecimal> parse(String text, List<Unit> units) {
        var matcher = AMOUNT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return units.stream()
                .filter(unit -> unit.symbol().equals(matcher.group(2)))
                .findFirst()
                .map(unit ->
                        new BigDecimal(matcher.group(1))
                                .multiply(BigDecimal.valueOf(unit.factor())));
    }

    static String symbols(List<Unit> units) {
        return units.stream().map(Unit::symbol).collect(joining(", "));
    }
}
