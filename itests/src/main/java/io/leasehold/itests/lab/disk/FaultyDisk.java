package io.leasehold.itests.lab.disk;

import io.leasehold.itests.lab.process.Command;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process that is one server's disk: {@code FaultyDisk DIRECTORY}, where the directory has the
 * platter ({@code platter.img}, made by mkfs) and gets the mount point and the socket. Runs in a
 * mount namespace of its own, outside of the server that it is the disk of.
 *
 * <p>One line in, one line out on {@code disk.sock}: {@code attach} answers the loop device, {@code
 * detach}, {@code behave MODE MILLIS}, {@code power-off} (from here on writes reach nothing),
 * {@code lose SEED} (what a loss of power leaves), {@code status}.
 */
public final class FaultyDisk implements FuseImage.Handler {
    private static final Logger LOG = LoggerFactory.getLogger(FaultyDisk.class);
    private static final int CONNECTIONS_PENDING_MAX = 4;
    private static final int EIO = 5;
    private static final int ENOSPC = 28;

    static final String PLATTER = "platter.img";
    static final String IMAGE = "image";
    static final String SOCKET = "disk.sock";

    /** How the disk behaves at the moment. */
    enum Mode {
        HEALTHY,
        /** Reads, writes and flushes fail. */
        EIO,
        /** Writes fail as on a thin disk whose pool is full. */
        ENOSPC,
        /** Everything takes its time. */
        SLOW,
        /** The power is gone: writes are swallowed. */
        OFF
    }

    private final BlockStore store;
    private Mode mode = Mode.HEALTHY;
    private Duration delay = Duration.ZERO;

    private FaultyDisk(FileChannel platter) {
        store =
                new BlockStore(
                        new BlockStore.Platter() {
                            @Override
                            public void read(long offset, ByteBuffer into) throws IOException {
                                long at = offset;
                                while (into.hasRemaining()) {
                                    int count = platter.read(into, at);
                                    if (count < 0) {
                                        throw new IOException("read behind the platter's end");
                                    }
                                    at += count;
                                }
                            }

                            @Override
                            public void write(long offset, ByteBuffer from) throws IOException {
                                long at = offset;
                                while (from.hasRemaining()) {
                                    at += platter.write(from, at);
                                }
                            }
                        });
    }

    public static void main(String[] arguments) throws IOException {
        var directory = Path.of(arguments[0]);
        try (var platter =
                FileChannel.open(
                        directory.resolve(PLATTER),
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            var disk = new FaultyDisk(platter);
            var file = directory.resolve(IMAGE);
            var image = FuseImage.mount(file, platter.size(), disk);
            // The orders come on a thread of their own: attaching needs this one to answer.
            var socket = directory.resolve(SOCKET);
            Files.deleteIfExists(socket);
            var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket), CONNECTIONS_PENDING_MAX);
            Thread.ofPlatform()
                    .name("disk-orders")
                    .daemon()
                    .start(() -> disk.takeOrders(server, file));
            image.serve();
        }
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
        behave(false);
        synchronized (this) {
            store.read(offset, into);
        }
    }

    @Override
    public void write(long offset, ByteBuffer from) throws IOException {
        behave(true);
        synchronized (this) {
            if (mode != Mode.OFF) {
                store.write(offset, from);
            }
        }
    }

    @Override
    public void flush() throws IOException {
        behave(true);
        synchronized (this) {
            if (mode != Mode.OFF) {
                store.flush();
            }
        }
    }

    private void behave(boolean changes) throws IOException {
        Mode now;
        Duration wait;
        synchronized (this) {
            now = mode;
            wait = delay;
        }
        switch (now) {
            case HEALTHY, OFF -> {}
            case EIO -> throw new FuseImage.DiskError(EIO);
            case ENOSPC -> {
                if (changes) {
                    throw new FuseImage.DiskError(ENOSPC);
                }
            }
            case SLOW -> {
                try {
                    Thread.sleep(wait);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private void takeOrders(ServerSocketChannel server, Path image) {
        var device = "";
        while (true) {
            try (var connection = server.accept();
                    var reader =
                            new BufferedReader(
                                    new InputStreamReader(
                                            Channels.newInputStream(connection),
                                            StandardCharsets.UTF_8))) {
                var order = reader.readLine();
                if (order == null) {
                    continue;
                }
                var words = order.split(" ", -1);
                switch (words[0]) {
                    case "attach" -> {
                        if (device.isEmpty()) {
                            device = attach(image);
                        }
                        reply(connection, device);
                    }
                    case "detach" -> {
                        if (!device.isEmpty()) {
                            Command.of("losetup", "--detach", device).check();
                            awaitDetached(device);
                            device = "";
                        }
                        reply(connection, "ok");
                    }
                    default -> reply(connection, changed(words));
                }
            } catch (IOException | IllegalArgumentException e) {
                LOG.error("an order failed", e);
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private synchronized String changed(String[] words) throws IOException {
        switch (words[0]) {
            case "behave" -> {
                mode = Mode.valueOf(words[1]);
                delay = Duration.ofMillis(Long.parseLong(words[2]));
                return "ok";
            }
            case "power-off" -> {
                mode = Mode.OFF;
                return "ok";
            }
            case "lose" -> {
                var loss = store.losePower(new SplittableRandom(Long.parseLong(words[1])));
                return "%d kept, %d dropped, %d torn"
                        .formatted(loss.kept(), loss.dropped(), loss.torn());
            }
            case "status" -> {
                return "%s, %d unsynced blocks".formatted(mode, store.unsyncedBlocks());
            }
            default -> throw new IllegalArgumentException("unknown order " + words[0]);
        }
    }

    private static String attach(Path image) throws IOException, InterruptedException {
        return Command.of("losetup", "--find", "--show", image.toString()).check().strip();
    }

    /** A loop device that is still mounted somewhere goes only when that mount is gone. */
    private static void awaitDetached(String device) throws IOException, InterruptedException {
        var backing = Path.of("/sys/block", device.substring("/dev/".length()), "loop");
        long deadline = System.nanoTime() + Command.LIMIT_DEFAULT.toNanos();
        while (Files.exists(backing)) {
            if (System.nanoTime() > deadline) {
                throw new IOException(device + " is still mounted somewhere");
            }
            Thread.sleep(Duration.ofMillis(2));
        }
    }

    private static void reply(SocketChannel connection, String line) throws IOException {
        var bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            connection.write(bytes);
        }
    }
}
