package io.leasehold.itests.lab.power;

import io.leasehold.itests.lab.network.LabName;
import io.leasehold.itests.lab.network.LabNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The power switch that {@code fence_lab} talks to: a process of its own beside the servers, on a
 * Unix socket that is visible in them, as a management network would be.
 *
 * <p>One line in, one line out: {@code off NODE}, {@code on NODE}, {@code status NODE}, {@code
 * list}. The answer is {@code ok}, {@code on}, {@code off} or a sentence. On its second socket,
 * which the servers do not see, it also takes {@code behave NODE FAULT DELAY_MILLIS}.
 */
public final class PowerController {
    private static final Logger LOG = LoggerFactory.getLogger(PowerController.class);
    private static final int CONNECTIONS_PENDING_MAX = 16;

    /** A dead device says nothing for longer than any agent waits. */
    private static final Duration DEAD_FOR = Duration.ofMinutes(5);

    private static final int WARM_UP_ROUNDS = 20;

    private final Map<LabNode, NodePower> switches = new EnumMap<>(LabNode.class);
    private final Map<LabNode, FenceBehaviour> behaviours = new ConcurrentHashMap<>();

    private PowerController(LabDirectory directory, Duration delay) {
        for (var node : LabNode.servers()) {
            switches.put(node, new NodePower(node, directory));
            behaviours.put(node, new FenceBehaviour(FenceBehaviour.Fault.NONE, delay));
        }
    }

    /** Arguments: the lab's name and the delay of an order in milliseconds. Runs until killed. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        var directory = LabDirectory.of(new LabName(arguments[0]));
        var controller =
                new PowerController(directory, Duration.ofMillis(Long.parseLong(arguments[1])));
        controller.warmUp();
        var control = controller.serve(directory.controlSocket(), true);
        // Last, because who sees this door finds everything behind it.
        controller.serve(directory.powerSocket(), false);
        LOG.info("power controller ready");
        control.join();
    }

    /** The first use of a class costs milliseconds that an order must not take. */
    private void warmUp() throws IOException, InterruptedException {
        for (int round = 0; round < WARM_UP_ROUNDS; round++) {
            for (var power : switches.values()) {
                power.rehearse();
            }
        }
    }

    private Thread serve(Path socket, boolean trusted) throws IOException {
        Files.deleteIfExists(socket);
        var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket), CONNECTIONS_PENDING_MAX);
        return Thread.ofPlatform()
                .name("power-" + socket.getFileName())
                .start(() -> {
                    try (server) {
                        while (true) {
                            var connection = server.accept();
                            Thread.ofPlatform()
                                    .name("power-order")
                                    .start(() -> converse(connection, trusted));
                        }
                    } catch (IOException e) {
                        LOG.error("the power controller cannot go on", e);
                    }
                });
    }

    private void converse(SocketChannel connection, boolean trusted) {
        try (connection;
                var reader =
                        new BufferedReader(
                                new InputStreamReader(
                                        Channels.newInputStream(connection),
                                        StandardCharsets.UTF_8))) {
            var order = reader.readLine();
            if (order == null) {
                return;
            }
            var words = order.strip().split(" ", -1);
            switch (words[0]) {
                case "list" ->
                        reply(
                                connection,
                                switches.keySet().stream()
                                        .map(LabNode::label)
                                        .collect(Collectors.joining(" ")));
                case "status", "off", "on" -> execute(connection, words);
                case "behave" -> {
                    if (trusted) {
                        behaviours.put(
                                LabNode.of(words[1]), FenceBehaviour.fromWords(words[2], words[3]));
                        reply(connection, "ok");
                    } else {
                        reply(connection, "not through this door");
                    }
                }
                default -> reply(connection, "unknown order '" + words[0] + "'");
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("an order could not be carried out", e);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void execute(SocketChannel connection, String[] words)
            throws IOException, InterruptedException {
        var node = words.length > 1 ? server(words[1]) : Optional.<LabNode>empty();
        if (node.isEmpty()) {
            reply(connection, "which node?");
            return;
        }
        var power = switches.get(node.get());
        var behaviour = behaviours.get(node.get());
        if (power == null || behaviour == null) {
            throw new IllegalStateException("no switch for " + node);
        }
        switch (behaviour.fault()) {
            case NONE -> obey(connection, words[0], node.get(), power, behaviour.delay());
            case REFUSE -> {
                Thread.sleep(behaviour.delay());
                reply(connection, "the device refuses");
            }
            case LIE -> {
                Thread.sleep(behaviour.delay());
                reply(connection, words[0].equals("status") ? "off" : "ok");
            }
            case LATE -> {
                connection.close();
                Thread.sleep(behaviour.delay());
                if (words[0].equals("off")) {
                    power.off();
                    power.settle();
                }
            }
            case DEAD -> Thread.sleep(DEAD_FOR);
        }
    }

    private static void obey(
            SocketChannel connection, String order, LabNode node, NodePower power, Duration delay)
            throws IOException, InterruptedException {
        switch (order) {
            case "status" -> reply(connection, power.isOn() ? "on" : "off");
            case "off" -> {
                // The power goes at the end: until then the victim does its worst.
                Thread.sleep(delay);
                long nanos = power.off();
                reply(connection, "ok");
                LOG.info("{} off, took {} us", node.label(), nanos / 1000);
                power.settle();
            }
            case "on" -> {
                power.on();
                reply(connection, "ok");
                LOG.info("{} on", node.label());
            }
            default -> throw new IllegalArgumentException(order);
        }
    }

    private static Optional<LabNode> server(String name) {
        return LabNode.servers().stream().filter(node -> node.label().equals(name)).findFirst();
    }

    private static void reply(SocketChannel connection, String line) throws IOException {
        var bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            connection.write(bytes);
        }
    }

    /** Tells a running controller how the device of a node behaves from now on. */
    public static void behave(LabDirectory directory, LabNode node, FenceBehaviour behaviour)
            throws IOException {
        try (var connection =
                SocketChannel.open(UnixDomainSocketAddress.of(directory.controlSocket()))) {
            reply(connection, "behave " + node.label() + " " + behaviour.toLine());
            var reader =
                    new BufferedReader(
                            new InputStreamReader(
                                    Channels.newInputStream(connection), StandardCharsets.UTF_8));
            var answer = reader.readLine();
            if (!"ok".equals(answer)) {
                throw new IOException("the power controller answers: " + answer);
            }
        }
    }
}
