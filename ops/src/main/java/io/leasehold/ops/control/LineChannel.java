package io.leasehold.ops.control;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lines of UTF-8 over a connected socket. One thread reads; any may write, and lines are not mixed.
 */
final class LineChannel implements AutoCloseable {
    /** The largest is a report of a whole configuration; a request has a few hundred bytes. */
    static final int LINE_BYTES_MAX = 4 << 20;

    private static final int CHUNK_BYTES = 8 << 10;

    private final SocketChannel channel;
    // Held while a line is written: it is this connection's only, and whoever waits for it has
    // nothing else to do. A reader that does not read is cut off by closing the channel.
    private final ReentrantLock writing = new ReentrantLock();
    private byte[] buffer = new byte[CHUNK_BYTES];
    private int length;
    private int searched;

    LineChannel(SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Waits for the next line.
     *
     * @param bytesMax longer ones are an error
     * @return the line without its end; empty if the other end has closed in good order
     */
    Optional<String> readLine(int bytesMax) throws IOException {
        while (true) {
            for (; searched < length; searched++) {
                if (buffer[searched] == '\n') {
                    var line = new String(buffer, 0, searched, StandardCharsets.UTF_8);
                    length -= searched + 1;
                    System.arraycopy(buffer, searched + 1, buffer, 0, length);
                    searched = 0;
                    return Optional.of(line);
                }
            }
            if (length > bytesMax) {
                throw new ProtocolException("a line of more than " + bytesMax + " bytes");
            }
            if (length == buffer.length) {
                buffer = Arrays.copyOf(buffer, 2 * buffer.length);
            }
            var read = channel.read(ByteBuffer.wrap(buffer, length, buffer.length - length));
            if (read < 0) {
                if (length > 0) {
                    throw new ProtocolException("the connection ended in the middle of a line");
                }
                return Optional.empty();
            }
            length += read;
        }
    }

    void writeLine(String line) throws IOException {
        var bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        writing.lock();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } finally {
            writing.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
