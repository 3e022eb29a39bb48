package io.leasehold.itests.chaos;

import io.leasehold.itests.lab.Inspection;
import io.leasehold.itests.lab.Installation;
import io.leasehold.itests.lab.Lab;
import io.leasehold.itests.lab.LabLogs;
import io.leasehold.itests.lab.LabOptions;
import io.leasehold.itests.lab.client.AnswerCapture.Answer;
import io.leasehold.itests.lab.client.AnswerCapture.Kind;
import io.leasehold.itests.lab.client.OutageReport;
import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Faults on a real pair under load, round after round: what must never be is looked for while each
 * one lasts and after it was healed.
 */
public final class Chaos {
    public static final int CLIENTS = 200;

    /**
     * From the healing until both are in sync; a box boots and its daemon starts within seconds.
     */
    private static final Duration WELL_LIMIT = Duration.ofSeconds(60);

    /** Two servers that take turns within this time serve at the same time. */
    private static final Duration OVERLAP = Duration.ofMillis(300);

    private static final Duration ATTENDANCE_INTERVAL = Duration.ofSeconds(1);

    private final Lab lab;
    private final ChaosPlan plan;
    private final Path logs;

    private Chaos(Lab lab, ChaosPlan plan, Path logs) {
        this.lab = lab;
        this.plan = plan;
        this.logs = logs;
    }

    /** What is to be played. */
    public record Request(
            LabName lab,
            LabOptions.Arbiter arbiter,
            LabOptions.Profile profile,
            long seed,
            int first,
            int rounds,
            Duration pauseMax,
            boolean goOn) {

        public Request {
            if (first < 1 || rounds < 1) {
                throw new IllegalArgumentException(
                        "rounds are counted from 1, and there must be at least one");
            }
        }

        ChaosPlan plan() {
            return new ChaosPlan(seed, arbiter, pauseMax);
        }

        /** The command line that plays the same up to that round. */
        public String again(int lastRound) {
            return "ops/bin/lab chaos --seed %d --first %d --rounds %d --arbiter %s --profile %s --pause-max %dms"
                    .formatted(
                            seed,
                            first,
                            lastRound - first + 1,
                            LabOptions.label(arbiter),
                            LabOptions.label(profile),
                            pauseMax.toMillis());
        }
    }

    /**
     * Plays all rounds in a lab of its own, which is taken down at the end. After a round that
     * failed it stops, or goes on with a new pair.
     *
     * @param told each round, as soon as it is over
     * @return what became of each round that was played
     */
    public static List<RoundResult> play(Request request, Consumer<RoundResult> told)
            throws IOException, InterruptedException {
        var plan = request.plan();
        var results = new ArrayList<RoundResult>();
        Lab.down(request.lab());
        try {
            Optional<Lab> lab = Optional.empty();
            for (int round = request.first(); round < request.first() + request.rounds(); round++) {
                var up = lab.isPresent() ? lab.get() : up(request);
                var result = new Chaos(up, plan, logs(request, round)).play(round);
                results.add(result);
                told.accept(result);
                if (result.passed()) {
                    lab = Optional.of(up);
                } else if (request.goOn()) {
                    Lab.down(request.lab());
                    lab = Optional.empty();
                } else {
                    break;
                }
            }
            return results;
        } finally {
            Lab.down(request.lab());
        }
    }

    /** Where the logs of a round that failed are kept. */
    public static Path logs(Request request, int round) {
        return Installation.home()
                .resolve(
                        "itests/target/chaos/%s-seed-%d-round-%d"
                                .formatted(
                                        LabOptions.label(request.arbiter()),
                                        request.seed(),
                                        round));
    }

    private static Lab up(Request request) throws IOException, InterruptedException {
        var lab =
                Lab.up(
                        request.lab(),
                        LabOptions.DEFAULT
                                .withArbiter(request.arbiter())
                                .withProfile(request.profile())
                                .withFaultyDisk(true));
        lab.pair().awaitInSync();
        var acquired = lab.clients().acquire(CLIENTS);
        if (!acquired.isFlawless()) {
            throw new CommandException("the clients' first leases: " + acquired);
        }
        var ailments = new Inspection(lab, WELL_LIMIT).ailments();
        if (!ailments.isEmpty()) {
            throw new CommandException("the new pair: " + ailments);
        }
        return lab;
    }

    private RoundResult play(int round) throws IOException, InterruptedException {
        var fault = plan.fault(round);
        var problems = new ArrayList<String>();
        long outageMillis = -1;
        long wellMillis = -1;
        var primary = "";
        Optional<Injector> harmed = Optional.empty();
        Optional<OutageReport> report = Optional.empty();
        try {
            var serving = Injector.primaryOf(lab);
            primary = serving.label();
            long healedNanos;
            var injector = new Injector(lab, serving, plan.seed() + round);
            harmed = Optional.of(injector);
            try (var capture = lab.captureAnswers();
                    var probe = lab.clients().probe()) {
                injector.inject(fault);
                injector.heal();
                healedNanos = System.nanoTime();
                problems.addAll(becomeWell(injector));
                wellMillis = (System.nanoTime() - healedNanos) / 1_000_000;
                var outage = probe.finish(WELL_LIMIT);
                report = Optional.of(outage);
                outageMillis = Math.round(outage.gapMillis());
                problems.addAll(Inspection.problemsOf(outage));
                problems.addAll(overlaps(capture.answers()));
            }
            var inspection = new Inspection(lab, WELL_LIMIT);
            problems.addAll(inspection.everything());
            injector.finish();
        } catch (IOException e) {
            problems.add("could not go on: " + e);
        }
        var remark = harmed.map(Injector::remark).orElse("");
        var result =
                new RoundResult(round, primary, fault + remark, outageMillis, wellMillis, problems);
        if (!result.passed()) {
            keepLogs(result, report);
        }
        return result;
    }

    /** Waits for the pair, and does meanwhile what only a person does. */
    private List<String> becomeWell(Injector injector) throws IOException, InterruptedException {
        var soon = new Inspection(lab, ATTENDANCE_INTERVAL);
        long deadline = System.nanoTime() + WELL_LIMIT.toNanos();
        while (!soon.ailments().isEmpty()) {
            if (System.nanoTime() >= deadline) {
                return soon.ailment().stream()
                        .map(ailment ->
                                "not well %d s after the healing: %s"
                                        .formatted(WELL_LIMIT.toSeconds(), ailment))
                        .toList();
            }
            injector.attend();
        }
        return List.of();
    }

    /** Answers of one box between two answers of the other one that came shortly after another. */
    static List<String> overlaps(List<Answer> answers) {
        var problems = new ArrayList<String>();
        for (var kind : Kind.values()) {
            var ofKind = answers.stream().filter(answer -> answer.kind() == kind).toList();
            for (int i = 0; i < ofKind.size(); i++) {
                var before = ofKind.get(i);
                int next = i + 1;
                while (next < ofKind.size() && ofKind.get(next).from() != before.from()) {
                    next++;
                }
                if (next > i + 1 && next < ofKind.size()) {
                    var after = ofKind.get(next);
                    long millis = (after.atNanos() - before.atNanos()) / 1_000_000;
                    if (millis < OVERLAP.toMillis()) {
                        problems.add(
                                "two served: %d %s frames of %s between two of %s that are %d ms apart"
                                        .formatted(
                                                next - i - 1,
                                                kind,
                                                ofKind.get(i + 1).from().label(),
                                                before.from().label(),
                                                millis));
                    }
                }
            }
        }
        return problems;
    }

    private void keepLogs(RoundResult result, Optional<OutageReport> report)
            throws IOException, InterruptedException {
        LabLogs.keep(lab.name(), logs);
        Files.writeString(logs.resolve("result"), result + System.lineSeparator());
        if (report.isPresent()) {
            report.get().writeSamples(logs.resolve("samples.csv"));
        }
    }
}
