package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.History;
import io.leasehold.blockrep.volume.MalformedOperationException;
import io.leasehold.blockrep.volume.OperationCodec;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Operations that wait for the shadow to be complete, in a file: memory stays bounded. Need not
 * survive a crash.
 */
final class OperationSpool implements History, AutoCloseable {
    private final Path file;
    private final DataOutputStream out;
    private long count;

    OperationSpool(Path file) throws IOException {
        this.file = file;
        out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 64 << 10));
    }

    void add(Seq seq, byte[] operation) throws IOException {
        out.writeLong(seq.value());
        out.writeInt(operation.length);
        out.write(operation);
        count++;
    }

    @Override
    public void forEach(Visitor visitor) throws IOException {
        out.flush();
        try (var in =
                new DataInputStream(
                        new BufferedInputStream(Files.newInputStream(file), 64 << 10))) {
            for (long i = 0; i < count; i++) {
                var seq = new Seq(in.readLong());
                var operation = in.readNBytes(in.readInt());
                try {
                    visitor.visit(seq, OperationCodec.decode(ByteBuffer.wrap(operation)));
                } catch (MalformedOperationException e) {
                    throw new ProtocolException("operation " + seq + ": " + e.getMessage());
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        out.close();
        Files.deleteIfExists(file);
    }
}
