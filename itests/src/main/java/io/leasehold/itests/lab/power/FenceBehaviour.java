package io.leasehold.itests.lab.power;

import java.time.Duration;
import java.util.Locale;

/**
 * How the fence device of one server answers {@code off}.
 *
 * @param delay how long an order takes, whatever comes of it
 */
public record FenceBehaviour(Fault fault, Duration delay) {
    /** What is wrong with the device. */
    public enum Fault {
        NONE,
        /** Says no, does nothing. */
        REFUSE,
        /** Says that it is done, and that the power is off, and does nothing. */
        LIE,
        /** Hangs up at once, late but correctly: the order is executed after the asker gave up. */
        LATE,
        /** Never answers. */
        DEAD;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A duration such as {@code 50ms}, {@code 2s} or {@code 1m}. */
    public static Duration parseDuration(String text) {
        var number = text.replaceAll("[a-z]+$", "");
        long amount = Long.parseLong(number);
        return switch (text.substring(number.length())) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m", "min" -> Duration.ofMinutes(amount);
            default ->
                    throw new IllegalArgumentException(
                            "'%s' is no duration; say for example 50ms or 2s".formatted(text));
        };
    }

    String toLine() {
        return fault.label() + " " + delay.toMillis();
    }

    static FenceBehaviour fromWords(String fault, String delayMillis) {
        return new FenceBehaviour(
                Fault.valueOf(fault.toUpperCase(Locale.ROOT)),
                Duration.ofMillis(Long.parseLong(delayMillis)));
    }
}
