package io.leasehold.ops.node;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees the first DHCP answer that leaves this node after a start of the server. */
final class FirstAnswerWatch implements DhcpService.FirstAnswer {
    private static final Logger log = LoggerFactory.getLogger(FirstAnswerWatch.class);

    /** On a quiet night nobody asks; the probe does, if there is one. */
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private static final Duration LOOK = Duration.ofSeconds(1);
    private final List<String> interfaces;
    private final Journalist history;

    FirstAnswerWatch(List<String> interfaces, Journalist history) {
        this.interfaces = List.copyOf(interfaces);
        this.history = history;
    }

    @Override
    public void await() {
        long begunNanos = System.nanoTime();
        for (var name : interfaces) {
            try {
                var answers = LeavingAnswers.by(name);
                Thread.ofPlatform()
                        .name("first-answer-" + name)
                        .daemon()
                        .start(() -> watch(answers, name, begunNanos));
            } catch (IOException e) {
                log.warn("cannot watch {} for the first answer: {}", name, e.getMessage());
            }
        }
    }

    private void watch(LeavingAnswers answers, String name, long begunNanos) {
        try (answers) {
            while (System.nanoTime() - begunNanos < LIMIT.toNanos()) {
                var left = answers.next(LOOK);
                if (left.isPresent()) {
                    history.answered(
                            "dhcp: first answer left on " + name,
                            Duration.ofNanos(left.getAsLong() - begunNanos));
                    return;
                }
            }
        } catch (IOException e) {
            log.warn("cannot watch {} for the first answer: {}", name, e.getMessage());
        }
    }
}
