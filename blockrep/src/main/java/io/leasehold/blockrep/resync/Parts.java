package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.FrameCodec;
import io.leasehold.blockrep.wire.ProtocolException;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Iterator;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/** Something that comes in several frames. */
final class Parts {
    private final String what;
    private final int bytesMax;
    private ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /**
     * @param what it is, for errors
     * @param bytesMax of all of it
     */
    Parts(String what, int bytesMax) {
        this.what = what;
        this.bytesMax = bytesMax;
    }

    /**
     * What the other end adds, one after the other.
     *
     * @param part makes a frame of some bytes, and of whether they are the last
     */
    static Iterator<Frame> of(byte[] bytes, BiFunction<byte[], Boolean, Frame> part) {
        return IntStream.iterate(0, at -> at < bytes.length, at -> at + FrameCodec.CHUNK_BYTES_MAX)
                .mapToObj(at -> {
                    int end = Math.min(bytes.length, at + FrameCodec.CHUNK_BYTES_MAX);
                    return part.apply(Arrays.copyOfRange(bytes, at, end), end == bytes.length);
                })
                .iterator();
    }

    void add(byte[] part) throws ProtocolException {
        if (bytes.size() + part.length > bytesMax) {
            throw new ProtocolException(what + " of more than " + bytesMax + " bytes");
        }
        bytes.writeBytes(part);
    }

    /** All that has come; it is kept no longer. */
    byte[] take() {
        var all = bytes.toByteArray();
        bytes = new ByteArrayOutputStream();
        return all;
    }
}
