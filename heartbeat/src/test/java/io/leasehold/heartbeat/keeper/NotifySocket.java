package io.leasehold.heartbeat.keeper;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.leasehold.heartbeat.linux.Descriptor;
import io.leasehold.heartbeat.linux.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A socket on which systemd would listen. */
final class NotifySocket implements AutoCloseable {
    private static final int DATAGRAM_BYTES_MAX = 4_096;

    private final Descriptor socket;
    private final MemorySegment buffer = Arena.ofAuto().allocate(DATAGRAM_BYTES_MAX);

    NotifySocket(String name) throws IOException {
        socket = Sockets.open(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0);
        Sockets.bind(socket, Sockets.unixAddress(name), name);
    }

    /** What came since the last call. */
    List<String> heard() throws IOException {
        var texts = new ArrayList<String>();
        for (int length = receive(); length != Sockets.WOULD_BLOCK; length = receive()) {
            texts.add(
                    new String(
                            buffer.asSlice(0, length).toArray(JAVA_BYTE),
                            StandardCharsets.US_ASCII));
        }
        return texts;
    }

    private int receive() throws IOException {
        return Sockets.receive(socket, buffer, MemorySegment.NULL);
    }

    @Override
    public void close() {
        socket.close();
    }
}
