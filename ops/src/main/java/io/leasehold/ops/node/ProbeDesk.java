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
    private final CompletableFuture<Optional<DhcpProbe>> opened = new CompletableFuture<>();
    private final Generations generations;
    private final ClusterFacts facts;
    private final Configuration.Probe probing;
    private long askedNanos;
    private boolean answered = true;
    private Optional<Generation> planned = Optional.empty();
    private Optional<ProbeQuestion> question = Optional.empty();

    private ProbeDesk(Generations generations, ClusterFacts facts, Configuration.Probe probing) {
        this.generations = generations;
        this.facts = facts;
        this.probing = probing;
        this.askedNanos = System.nanoTime() - probing.interval().toNanos();
    }

    /**
     * Begins to open the probe's interfaces and returns. Without any configured, every question is
     * answered as if it were right.
     */
    static ProbeDesk open(Settings settings, Generations generations, ClusterFacts facts) {
        var probing = settings.configuration().dhcp().probe();
        var desk = new ProbeDesk(generations, facts, probing);
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
    public synchronized Optional<String> askIfDue(Duration limit) throws InterruptedException {
        if (answered && System.nanoTime() - askedNanos < probing.interval().toNanos()) {
            return Optional.empty();
        }
        return ask(limit.compareTo(probing.timeout()) < 0 ? limit : probing.timeout());
    }

    @Override
    public synchronized Optional<String> ask(Duration limit) throws InterruptedException {
        askedNanos = System.nanoTime();
        answered = false;
        var wrong = askNow(limit);
        answered = wrong.isEmpty();
        return wrong;
    }

    private Optional<String> askNow(Duration limit) throws InterruptedException {
        Optional<DhcpProbe> probe;
        try {
            probe = opened.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return Optional.of("the probe's interfaces are not open yet");
        } catch (ExecutionException e) {
            return Optional.of("no probe can be made: " + e.getCause());
        }
        if (probe.isEmpty()) {
            return Optional.empty();
        }
        // Three questions within the limit: one lost packet is no dead server.
        return wrong(
                probe.get()
                        .awaitGreen(
                                fitting(), limit.dividedBy(4), limit.multipliedBy(3).dividedBy(4)));
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

    private static Optional<String> wrong(ProbeResult result) {
        return switch (result) {
            case ProbeResult.Green _ -> Optional.empty();
            case ProbeResult.Silent(var waited) ->
                    Optional.of("no answer to a DHCP question within " + waited.toMillis() + " ms");
            case ProbeResult.Wrong(var answers, String expected) ->
                    Optional.of("a wrong answer: expected " + expected + ", got " + answers);
            // Ours answered, too: restarting it would not silence the other one.
            case ProbeResult.SecondServer(var answers)
                    when answers.stream().anyMatch(ProbeResult.Answer::fromThisHost) ->
                    Optional.empty();
            case ProbeResult.SecondServer(var answers) ->
                    Optional.of("only foreign DHCP servers answer: " + answers);
            case ProbeResult.NotMade(String reason) ->
                    Optional.of("no DHCP question could be asked: " + reason);
        };
    }
}
