package io.leasehold.heartbeat.controller;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a person must look at, one sentence per subject; bounded. */
final class Alarms {
    private static final int ALARMS_MAX = 16;

    private final Map<String, String> bySubject = new LinkedHashMap<>();

    void raise(String subject, String sentence) {
        if (bySubject.containsKey(subject) || bySubject.size() < ALARMS_MAX) {
            bySubject.put(subject, sentence);
        }
    }

    void clear(String subject) {
        bySubject.remove(subject);
    }

    List<String> sentences() {
        return List.copyOf(bySubject.values());
    }
}
