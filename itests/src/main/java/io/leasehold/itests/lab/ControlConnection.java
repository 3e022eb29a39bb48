package io.leasehold.itests.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.leasehold.itests.lab.process.CommandException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A connection to a daemon's control socket, for what {@code clusterctl} would be too slow for: to
 * act within milliseconds of what a node says about itself. One request, then its lines.
 */
public final class ControlConnection implements AutoCloseable {
    private static final String SOCKET = "/run/leasehold/control.sock";
    private static final int LINES_MAX = 100_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketChannel channel;
    private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>(LINES_MAX);

    private ControlConnection(SocketChannel channel) {
        this.channel = channel;
    }

    /** A node's history from now on, entry by entry. */
    public static ControlConnection events(ServerNode node) throws IOException {
        return ask(node, "{\"version\":1,\"kind\":\"events\",\"last\":0,\"follow\":true}");
    }

    /** A node's view of its volume, or empty if it does not tell within the limit. */
    public static Optional<JsonNode> volumeStatus(ServerNode node, Duration limit)
            throws InterruptedException {
        try (var connection = ask(node, "{\"version\":1,\"kind\":\"volume-status\"}")) {
            return connection
                    .await(line -> line.path("kind").asText().equals("report"), limit)
                    .map(line -> line.path("view"));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private static ControlConnection ask(ServerNode node, String request) throws IOException {
        var channel = SocketChannel.open(UnixDomainSocketAddress.of(node.path(SOCKET)));
        var connection = new ControlConnection(channel);
        try {
            var bytes = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            connection.close();
            throw e;
        }
        Thread.ofPlatform().daemon().name("control-reader").start(connection::read);
        return connection;
    }

    private void read() {
        try {
            readAll();
            lines.put(Optional.empty());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void readAll() throws InterruptedException {
        try (var reader =
                new BufferedReader(
                        new InputStreamReader(
                                Channels.newInputStream(channel), StandardCharsets.UTF_8))) {
            for (var line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.put(Optional.of(line));
            }
        } catch (IOException _) {
            // Its daemon died, or we closed: there is no more to come either way.
        }
    }

    /** The next event of the history that is wanted; empty if none comes within the limit. */
    public Optional<JsonNode> awaitEvent(Predicate<JsonNode> wanted, Duration limit)
            throws IOException, InterruptedException {
        return await(line -> wanted.test(line.path("event")), limit)
                .map(line -> line.path("event"));
    }

    private Optional<JsonNode> await(Predicate<JsonNode> wanted, Duration limit)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            var line = lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line == null || line.isEmpty()) {
                return Optional.empty();
            }
            var answer = JSON.readTree(line.get());
            if (wanted.test(answer)) {
                return Optional.of(answer);
            }
            if (answer.path("kind").asText().equals("refused")) {
                throw new CommandException("the daemon refuses to tell: " + line.get());
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
        // The reader may be waiting for room; it finds the channel closed next.
        lines.clear();
    }
}
