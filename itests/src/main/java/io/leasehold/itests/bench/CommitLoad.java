package io.leasehold.itests.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes as dhcpd does: append one record of 300 bytes, fsync, again. A program of its own, because
 * it runs inside a box of the lab.
 *
 * <p>{@code run DIR WRITERS COMMITS [PEER]} prints the microseconds of each commit, one a line,
 * after a line with the seconds that all took. With a peer every record is also sent there, and
 * counts when both have it on disk: the floor of any replication. {@code serve DIR ADDRESS} is that
 * peer.
 */
final class CommitLoad {
    private static final int RECORD_BYTES = 300;
    private static final int PORT = 7799;

    /** Enough for the compiler to have seen everything. */
    private static final int WARM_UP_COMMITS = 300;

    private CommitLoad() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var directory = Path.of(arguments[1]);
        Files.createDirectories(directory);
        switch (arguments[0]) {
            case "run" ->
                    run(
                            directory,
                            Integer.parseInt(arguments[2]),
                            Integer.parseInt(arguments[3]),
                            arguments.length > 4 ? Optional.of(arguments[4]) : Optional.empty());
            case "serve" -> serve(directory, arguments[2]);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static void run(Path directory, int writers, int commits, Optional<String> peer)
            throws InterruptedException {
        int each = commits / writers;
        var nanos = new long[writers][each];
        var warm = new CountDownLatch(writers);
        var begin = new CountDownLatch(1);
        var failed = new AtomicLong();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < writers; i++) {
            int writer = i;
            threads.add(
                    Thread.ofPlatform()
                            .name("writer-" + writer)
                            .start(() -> {
                                try {
                                    write(
                                            directory.resolve("writer-" + writer),
                                            nanos[writer],
                                            peer,
                                            warm,
                                            begin);
                                } catch (IOException e) {
                                    failed.incrementAndGet();
                                    warm.countDown();
                                    throw new UncheckedIOException(e);
                                } catch (InterruptedException _) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
        }
        warm.await();
        long startNanos = System.nanoTime();
        begin.countDown();
        for (var thread : threads) {
            thread.join();
        }
        if (failed.get() > 0) {
            throw new IllegalStateException(failed + " writers failed");
        }
        var out = new StringBuilder();
        out.append((System.nanoTime() - startNanos) / 1e9).append('\n');
        for (var one : nanos) {
            for (long commit : one) {
                out.append(commit / 1e3).append('\n');
            }
        }
        System.out.print(out);
    }

    private static void write(
            Path file,
            long[] nanos,
            Optional<String> peer,
            CountDownLatch warm,
            CountDownLatch begin)
            throws IOException, InterruptedException {
        var record = ByteBuffer.allocateDirect(RECORD_BYTES);
        var answer = ByteBuffer.allocateDirect(1);
        for (int i = 0; i < RECORD_BYTES; i++) {
            record.put(i, (byte) ('a' + i % 26));
        }
        try (var channel =
                        FileChannel.open(
                                file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                var socket = peer.isPresent() ? connect(peer.get()) : SocketChannel.open()) {
            for (int i = -WARM_UP_COMMITS; i < nanos.length; i++) {
                if (i == 0) {
                    warm.countDown();
                    begin.await();
                }
                long startNanos = System.nanoTime();
                if (peer.isPresent()) {
                    writeAll(socket, record.rewind());
                }
                channel.write(record.rewind());
                channel.force(true); // fsync, as dhcpd calls it
                if (peer.isPresent()) {
                    readAll(socket, answer.rewind());
                }
                if (i >= 0) {
                    nanos[i] = System.nanoTime() - startNanos;
                }
            }
        }
        Files.delete(file);
    }

    private static SocketChannel connect(String peer) throws IOException {
        var socket = SocketChannel.open(new InetSocketAddress(peer, PORT));
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return socket;
    }

    private static void serve(Path directory, String address) throws IOException {
        try (var server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(address, PORT));
            System.out.println("ready");
            for (int i = 0; ; i++) {
                var socket = server.accept();
                socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
                var file = directory.resolve("floor-" + i);
                Thread.ofPlatform().name("floor-" + i).start(() -> receive(socket, file));
            }
        }
    }

    private static void receive(SocketChannel socket, Path file) {
        var record = ByteBuffer.allocateDirect(RECORD_BYTES);
        var answer = ByteBuffer.allocateDirect(1);
        try (socket;
                var channel =
                        FileChannel.open(
                                file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (readAll(socket, record.clear())) {
                channel.write(record.flip());
                channel.force(true);
                writeAll(socket, answer.rewind());
            }
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void writeAll(SocketChannel socket, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            socket.write(buffer);
        }
    }

    private static boolean readAll(SocketChannel socket, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (socket.read(buffer) < 0) {
                return false;
            }
        }
        return true;
    }

    /** The command line that runs this class in a box. */
    static List<String> commandLine(Path java, String... arguments) {
        var all =
                new ArrayList<>(
                        List.of(
                                java.toString(),
                                "-Xmx64m",
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                CommitLoad.class.getName()));
        all.addAll(List.of(arguments));
        return all;
    }
}
