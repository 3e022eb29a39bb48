package io.leasehold.ops.cli;

import io.leasehold.ops.config.ConfigurationFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Runs {@code clusterctl status} against a canned answer and reads a configuration, so that the
 * virtual machine can note which classes it needs and have them ready the next time (JEP 483, JEP
 * 514). {@code ops/bin/lib/launch.sh} runs it after a build.
 */
final class Rehearsal {
    private Rehearsal() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var directory = Files.createTempDirectory("leasehold-rehearsal");
        var socket = directory.resolve("control.sock");
        int code;
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().name("rehearsal").start(() -> answerEverybody(listener));
            code = status(socket) + status(socket, "--json");
            // Before every start of a daemon, its file is checked.
            ConfigurationFile.parse("cluster.name = rehearsal", "rehearsal");
        } finally {
            Files.deleteIfExists(socket);
            Files.delete(directory);
        }
        System.exit(code);
    }

    private static int status(Path socket, String... options) {
        var line = new String[options.length + 3];
        line[0] = "status";
        line[1] = "--socket";
        line[2] = socket.toString();
        System.arraycopy(options, 0, line, 3, options.length);
        var nowhere = new PrintWriter(Writer.nullWriter());
        var console =
                new Console(
                        nowhere,
                        nowhere,
                        new BufferedReader(Reader.nullReader()),
                        false,
                        true,
                        socket,
                        _ -> false);
        return Clusterctl.run(console, line);
    }

    private static void answerEverybody(ServerSocketChannel listener) {
        try (var resource =
                Objects.requireNonNull(Rehearsal.class.getResourceAsStream("rehearsal.json"))) {
            var answer = resource.readAllBytes();
            while (true) {
                try (var caller = listener.accept()) {
                    caller.read(ByteBuffer.allocate(1_024));
                    caller.write(ByteBuffer.wrap(answer));
                }
            }
        } catch (AsynchronousCloseException _) {
            // The rehearsal is over.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
