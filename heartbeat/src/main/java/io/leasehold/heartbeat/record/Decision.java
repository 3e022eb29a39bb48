package io.leasehold.heartbeat.record;

import java.util.List;

/**
 * One decision, as the event log keeps it (R40): written before its effect.
 *
 * @param subject who decided: {@code membership}, {@code arbiter}, {@code fencing}, {@code
 *     resource}, {@code record}, {@code lease} or {@code operator}
 * @param rule the rule that it follows
 * @param text what was decided, for a person
 * @param causes the observations that led to it, for a person, most important first
 */
public record Decision(String subject, Rule rule, String text, List<String> causes) {
    public Decision {
        causes = List.copyOf(causes);
    }
}
