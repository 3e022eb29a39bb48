package io.leasehold.ops.node;

import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.config.ClusterFacts;
import io.leasehold.dhcp.config.Generation;
import io.leasehold.dhcp.config.Generations;
import io.leasehold.dhcp.probe.DhcpProbe;
import io.leasehold.dhcp.probe.PacketSocketChannel;
import io.leasehold.dhcp.probe.ProbeMacvlan;
import io.leasehold.dhcp.probe.ProbeQuestion;
import io.leasehold.dhcp.probe.ProbeResult;
import io.leasehold.dhcp.probe.ProbeSettings;
import io.leasehold.ops.config.Configuration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks the DHCP server from the client's side, one question at a time. The sockets are opened when
 * the daemon starts, so that a takeover does not wait for that.
 */
final class ProbeDesk implements DhcpService.ProbeRunner {
    /** Within the limit, and a quarter of it to spare: one lost packet is no dead server. */
    private static final int QUESTIONS = 3;

    private record Wrong(String text, boolean silence) {}

    private final CompletableFuture<Optional<DhcpProbe>> opened = new CompletableFuture<>();
    private final Generations generations;
    private final ClusterFacts facts;
    private final Configuration.Probe probing;
    private final List<String> interfaces;
    private long askedNanos;
    private boolean answered = true;
    private Optional<Generation> planned = Optional.empty();
    private Optional<ProbeQuestion> question = Optional.empty();

    private ProbeDesk(
            Generations generations,
            ClusterFacts facts,
            Configuration.Probe probing,
            List<String> interfaces) {
        this.generations = generations;
        this.facts = facts;
        this.probing = probing;
        this.interfaces = interfaces;
        this.askedNanos = System.nanoTime() - probing.interval().toNanos();
    }

    /**
     * Begins to open the probe's interfaces and returns. Without any configured, every question is
     * answered as if it were right.
     */
    static ProbeDesk open(Settings settings, Generations generations, ClusterFacts facts) {
        var dhcp = settings.configuration().dhcp();
        var probing = dhcp.probe();
        var desk =
                new ProbeDesk(generations, facts, probing, dhcp.interfaces().of(settings.self()));
        var ports = probing.ports();
        if (ports.isEmpty()) {
            desk.opened.complete(Optional.empty());
        } else {
            Thread.ofPlatform()
                    .name("probe-open")
                    .daemon()
                    .start(() -> desk.open(settings, ports.get()));
        }
        return desk;
    }

    private void open(Settings settings, Configuration.ProbePorts ports) {
        var send = ports.send().of(settings.self());
        var receive = ports.receive().of(settings.self());
        try {
            if (!send.equals(receive) && !Files.exists(Path.of("/sys/class/net", send))) {
                ProbeMacvlan.create(
                        send,
                        receive,
                        ProbeMacvlan.addressOf(
                                settings.configuration().node(settings.self()).id()));
            }
            var channel = PacketSocketChannel.open(send, receive);
            opened.complete(
                    Optional.of(
                            new DhcpProbe(
                                    new ProbeSettings(
                                            channel.sendAddress(),
                                            ProbeSettings.CLIENT_ID,
                                            facts.vip(),
                                            send.equals(receive)
                                                    ? Optional.empty()
                                                    : Optional.of(channel.receiveAddress())),
                                    channel,
                                    new SecureRandom(),
                                    System::nanoTime)));
        } catch (IOException | RuntimeException e) {
            opened.completeExceptionally(e);
        }
    }

    @Override
    public synchronized Optional<DhcpService.Unanswered> askIfDue(Duration limit)
            throws InterruptedException {
        return answered && System.nanoTime() - askedNanos < probing.interval().toNanos()
                ? Optional.empty()
                : ask(limit.compareTo(probing.timeout()) < 0 ? limit : probing.timeout());
    }

    @Override
    public synchronized Optional<DhcpService.Unanswered> ask(Duration limit)
            throws InterruptedException {
        var each = limit.dividedBy(QUESTIONS + 1);
        return ask(each, 1).isEmpty() ? Optional.empty() : askBesideOthers(each);
    }

    /** A busy server is not a dead one: whether it answers others is looked at meanwhile. */
    private Optional<DhcpService.Unanswered> askBesideOthers(Duration each)
            throws InterruptedException {
        var others = new ArrayList<LeavingAnswers>();
        try {
            for (var name : interfaces) {
                others.add(LeavingAnswers.by(name));
            }
            var wrong = ask(each, QUESTIONS - 1);
            if (wrong.isEmpty()) {
                return Optional.empty();
            }
            boolean othersAnswered = false;
            for (var answers : others) {
                othersAnswered |= answers.next(Duration.ZERO).isPresent();
            }
            return Optional.of(
                    new DhcpService.Unanswered(
                            wrong.get().text(), wrong.get().silence() && othersAnswered));
        } catch (IOException e) {
            return Optional.of(
                    new DhcpService.Unanswered("answers cannot be watched for: " + e, false));
        } finally {
            others.forEach(LeavingAnswers::close);
        }
    }

    private Optional<Wrong> ask(Duration each, int times) throws InterruptedException {
        askedNanos = System.nanoTime();
        answered = false;
        var wrong = askNow(each, times);
        answered = wrong.isEmpty();
        return wrong;
    }

    private Optional<Wrong> askNow(Duration each, int times) throws InterruptedException {
        var limit = each.multipliedBy(times);
        Optional<DhcpProbe> probe;
        try {
            probe = opened.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return other("the probe's interfaces are not open yet");
        } catch (ExecutionException e) {
            return other("no probe can be made: " + e.getCause());
        }
        if (probe.isEmpty()) {
            return Optional.empty();
        }
        return wrong(probe.get().awaitGreen(fitting(), each, limit));
    }

    private ProbeQuestion fitting() {
        try {
            var accepted = generations.accepted().generation();
            if (question.isEmpty() || !accepted.equals(planned)) {
                question =
                        accepted.map(generation ->
                                ProbeQuestion.fitting(generation.configuration().plan(), facts));
                planned = accepted;
            }
        } catch (IOException e) {
            question = Optional.empty();
        }
        return question.orElseGet(() -> new ProbeQuestion.Elsewhere(Ipv4Address.of("192.0.2.1")));
    }

    private static Optional<Wrong> wrong(ProbeResult result) {
        return switch (result) {
            case ProbeResult.Green _ -> Optional.empty();
            case ProbeResult.Silent(var waited) ->
                    Optional.of(
                            new Wrong(
                                    "no answer to a DHCP question within "
                                            + waited.toMillis()
                                            + " ms",
                                    true));
            case ProbeResult.Wrong(var answers, String expected) ->
                    other("a wrong answer: expected " + expected + ", got " + answers);
            // Ours answered, too: restarting it would not silence the other one.
            case ProbeResult.SecondServer(var answers)
                    when answers.stream().anyMatch(ProbeResult.Answer::fromThisHost) ->
                    Optional.empty();
            case ProbeResult.SecondServer(var answers) ->
                    other("only foreign DHCP servers answer: " + answers);
            case ProbeResult.NotMade(String reason) ->
                    other("no DHCP question could be asked: " + reason);
        };
    }

    private static Optional<Wrong> other(String text) {
        return Optional.of(new Wrong(text, false));
    }
}
