package io.leasehold.itests.exhaustive;

import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.Frame.Envelope;
import io.leasehold.blockrep.wire.FrameCodec;
import io.leasehold.blockrep.wire.ProtocolException;
import io.leasehold.heartbeat.controller.ClusterMessageCodec;
import io.leasehold.heartbeat.layout.LayoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What travels in a replication session, in order. */
sealed interface Packet {

    /** A production frame as it is on the wire: two are equal if their bytes are. */
    final class Framed implements Packet {
        private final byte[] bytes;
        private final int hash;

        private Framed(byte[] bytes) {
            this.bytes = bytes;
            this.hash = Arrays.hashCode(bytes);
        }

        static Framed of(long epoch, Seq seq, Frame frame) {
            var out = ByteBuffer.allocate(FrameCodec.encodedBytesMax(frame));
            FrameCodec.encode(out, epoch, seq, frame);
            return new Framed(Arrays.copyOf(out.array(), out.position()));
        }

        Envelope envelope() {
            try {
                return FrameCodec.decode(
                        ByteBuffer.wrap(bytes, Integer.BYTES, bytes.length - Integer.BYTES));
            } catch (ProtocolException e) {
                throw new IllegalStateException("what was encoded cannot be decoded", e);
            }
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Framed that
                    && hash == that.hash
                    && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public String toString() {
            var envelope = envelope();
            return switch (envelope.frame()) {
                case Frame.ClusterMessage(var message) -> clusterMessage(message);
                case Frame.OperationIs operation ->
                        "operation %s of epoch %d"
                                .formatted(envelope.seq(), operation.writerEpoch());
                case Frame frame ->
                        "%s (epoch %d, at %s)".formatted(frame, envelope.epoch(), envelope.seq());
            };
        }

        private static String clusterMessage(byte[] message) {
            try {
                return ClusterMessageCodec.decode(message).toString();
            } catch (LayoutException e) {
                return "a message that cannot be read: " + e.getMessage();
            }
        }
    }

    /** The sender's end is over. */
    record Closed(String reason) implements Packet {}
}
