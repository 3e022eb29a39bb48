package io.leasehold.ops.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/** A caller's end of the control socket. */
public final class ControlClient {
    /** A daemon that says nothing for so long hangs: at work it says so every two seconds. */
    public static final Duration SILENCE_LIMIT = Duration.ofSeconds(6);

    private final Path socket;
    private final Duration silenceLimit;

    public ControlClient(Path socket) {
        this(socket, SILENCE_LIMIT);
    }

    ControlClient(Path socket, Duration silenceLimit) {
        this.socket = socket;
        this.silenceLimit = silenceLimit;
    }

    /**
     * Asks and waits for the answer, on a connection of its own.
     *
     * @param meanwhile is given each {@link Reply.Progress}, {@link Reply.Event} and {@link
     *     Reply.Lease}, on this thread
     * @throws DaemonUnreachableException if nobody answers; whether an order was carried out is
     *     then unknown
     * @throws ProtocolException if the daemon speaks another version
     */
    public Reply.Answer call(Request request, Consumer<Reply> meanwhile) throws IOException {
        try (var lines = connect();
                var watchdog = new Watchdog(lines, silenceLimit)) {
            try {
                lines.writeLine(RecordJson.write((Record) request, ControlProtocol.VERSION));
                while (true) {
                    var line =
                            lines.readLine(LineChannel.LINE_BYTES_MAX)
                                    .orElseThrow(() ->
                                            new DaemonUnreachableException(
                                                    "the daemon ended before it answered"));
                    watchdog.heard();
                    switch (RecordJson.read(line, Reply.class, ControlProtocol.VERSION)) {
                        case Reply.Working _ -> {}
                        case Reply.Progress progress -> meanwhile.accept(progress);
                        case Reply.Event event -> meanwhile.accept(event);
                        case Reply.Lease lease -> meanwhile.accept(lease);
                        case Reply.Answer answer -> {
                            return answer;
                        }
                    }
                }
            } catch (AsynchronousCloseException e) {
                throw new DaemonUnreachableException(
                        "the daemon has not answered for "
                                + silenceLimit.toSeconds()
                                + " s: it hangs or is paused",
                        e);
            } catch (ProtocolException | DaemonUnreachableException e) {
                throw e;
            } catch (IOException e) {
                throw new DaemonUnreachableException(
                        "the connection to the daemon broke: " + e.getMessage(), e);
            }
        }
    }

    private LineChannel connect() throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new LineChannel(channel);
        } catch (IOException e) {
            channel.close();
            throw new DaemonUnreachableException(reasonFor(e), e);
        }
    }

    private String reasonFor(IOException e) {
        return new StartFailure(socket)
                .read()
                .map(said -> "the daemon could not start, at " + said)
                .orElseGet(() -> reasonWithoutWord(e));
    }

    private String reasonWithoutWord(IOException e) {
        if (!Files.exists(socket)) {
            return "no daemon runs here: there is no " + socket;
        }
        if (!Files.isWritable(socket)) {
            return "you may not use " + socket + ": ask as root, or as a member of control.groups";
        }
        return "no daemon listens at " + socket + " (" + e.getMessage() + ")";
    }

    /** Closes the connection when nothing was heard for too long; a blocked read ends by that. */
    private static final class Watchdog implements AutoCloseable {
        private final Thread thread;
        private volatile long heardNanos = System.nanoTime();

        Watchdog(LineChannel lines, Duration limit) {
            thread =
                    Thread.ofPlatform()
                            .name("control-watchdog")
                            .daemon()
                            .start(() -> watch(lines, limit.toNanos()));
        }

        void heard() {
            heardNanos = System.nanoTime();
        }

        private void watch(LineChannel lines, long limitNanos) {
            try {
                long leftNanos;
                while ((leftNanos = heardNanos + limitNanos - System.nanoTime()) > 0) {
                    Thread.sleep(Duration.ofNanos(leftNanos));
                }
                lines.close();
            } catch (InterruptedException _) {
                // The answer came.
            } catch (IOException _) {
                // The reader learns of it in any case.
            }
        }

        @Override
        public void close() {
            thread.interrupt();
        }
    }
}
