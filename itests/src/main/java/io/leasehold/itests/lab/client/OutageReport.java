package io.leasehold.itests.lab.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How long nobody answered.
 *
 * @param kinds one entry for each way of asking
 * @param duplicateServers questions that two boxes answered
 * @param samples every question that was asked, in order
 */
public record OutageReport(Map<ProbeKind, Kind> kinds, int duplicateServers, List<Sample> samples) {

    /**
     * One way of asking.
     *
     * @param gapMillis the longest time between two answers that followed each other; without any
     *     outage it is the distance of the probes and a little more
     * @param recovered whether the last questions were answered
     */
    public record Kind(int sent, int answered, int naks, double gapMillis, boolean recovered) {}

    /**
     * One question, in microseconds since the first.
     *
     * @param answeredMicros -1 if nobody answered
     */
    public record Sample(ProbeKind kind, long sentMicros, long answeredMicros) {}

    public OutageReport {
        kinds = Map.copyOf(kinds);
        samples = List.copyOf(samples);
    }

    /** What was seen by asking in that way. */
    public Kind kind(ProbeKind wanted) {
        var kind = kinds.get(wanted);
        if (kind == null) {
            throw new IllegalStateException("no probe of kind " + wanted);
        }
        return kind;
    }

    /** The longest gap of all kinds. */
    public double gapMillis() {
        return kinds.values().stream().mapToDouble(Kind::gapMillis).max().orElse(0);
    }

    public int naks() {
        return kinds.values().stream().mapToInt(Kind::naks).sum();
    }

    public boolean recovered() {
        return kinds.values().stream().allMatch(Kind::recovered);
    }

    /** Keeps the raw samples. */
    public void writeSamples(Path file) throws IOException {
        var lines = new ArrayList<String>();
        lines.add("kind,sentMicros,answeredMicros");
        samples.forEach(sample ->
                lines.add(
                        "%s,%d,%d"
                                .formatted(
                                        sample.kind.label(),
                                        sample.sentMicros,
                                        sample.answeredMicros)));
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.write(file, lines);
    }

    static OutageReport of(
            List<Sample> samples, Map<ProbeKind, Integer> naks, int duplicateServers, int tail) {
        var kinds = new EnumMap<ProbeKind, Kind>(ProbeKind.class);
        for (var kind : ProbeKind.values()) {
            var mine = samples.stream().filter(sample -> sample.kind == kind).toList();
            var answers =
                    mine.stream()
                            .mapToLong(Sample::answeredMicros)
                            .filter(micros -> micros >= 0)
                            .sorted()
                            .toArray();
            boolean recovered =
                    mine.stream()
                            .skip(Math.max(0, mine.size() - tail))
                            .anyMatch(sample -> sample.answeredMicros >= 0);
            long gap = 0;
            for (int i = 1; i < answers.length; i++) {
                gap = Math.max(gap, answers[i] - answers[i - 1]);
            }
            if (!mine.isEmpty()) {
                // Silence that lasted to the end counts, or an outage for ever would be none.
                long last = answers.length == 0 ? 0 : answers[answers.length - 1];
                gap = Math.max(gap, mine.getLast().sentMicros - last);
            }
            kinds.put(
                    kind,
                    new Kind(
                            mine.size(),
                            answers.length,
                            naks.getOrDefault(kind, 0),
                            gap / 1000.0,
                            recovered));
        }
        return new OutageReport(kinds, duplicateServers, samples);
    }

    @Override
    public String toString() {
        return kinds.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry ->
                        "%-9s longest gap %7.1f ms, %d of %d answered, %d NAK%s"
                                .formatted(
                                        entry.getKey().label(),
                                        entry.getValue().gapMillis,
                                        entry.getValue().answered,
                                        entry.getValue().sent,
                                        entry.getValue().naks,
                                        entry.getValue().recovered ? "" : ", NOT RECOVERED"))
                .collect(Collectors.joining(System.lineSeparator()));
    }
}
