package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.wire.ProtocolException;
import java.io.ByteArrayOutputStream;

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
