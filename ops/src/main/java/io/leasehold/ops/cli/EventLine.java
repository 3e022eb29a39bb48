package io.leasehold.ops.cli;

import io.leasehold.ops.control.EventView;
import java.time.ZoneId;

/** An entry of the history as a person reads it. */
final class EventLine {
    private EventLine() {}

    /** With the local time: {@code 2026-11-22 11:15:30.123 dhcp2 fencing R34 dhcp1 is off}. */
    static String of(EventView event, ZoneId zone) {
        var at = event.at().atZone(zone);
        var time =
                at.toLocalDate()
                        + " "
                        + twoDigits(at.getHour())
                        + ":"
                        + twoDigits(at.getMinute())
                        + ":"
                        + twoDigits(at.getSecond())
                        + "."
                        + String.valueOf(1_000 + at.getNano() / 1_000_000).substring(1);
        return time + " " + event.node() + " " + event.event() + " " + text(event);
    }

    /** Rule, sentence and what its parts took: {@code R34 dhcp1 is off (agent 52 ms)}. */
    static String text(EventView event) {
        var text = new StringBuilder();
        if (!event.rule().isEmpty()) {
            text.append(event.rule()).append(' ');
        }
        text.append(event.text());
        if (!event.durationMillis().isEmpty()) {
            var parts =
                    event.durationMillis().entrySet().stream()
                            .map(part -> part.getKey() + " " + Text.duration(part.getValue()))
                            .toList();
            text.append(" (").append(String.join(", ", parts)).append(')');
        }
        return text.toString();
    }

    private static String twoDigits(int number) {
        return number < 10 ? "0" + number : String.valueOf(number);
    }
}
