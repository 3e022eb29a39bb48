package io.leasehold.blockrep.wire;

import java.nio.ByteBuffer;

/**
 * The first bytes in each direction, the same in all versions for ever.
 *
 * <pre>
 *  0                               8               10              12
 * +-------------------------------+---------------+---------------+---------------+
 * | magic "LSHPREPL"              | oldest (u16)  | newest (u16)  | 0 (u32)       |
 * +-------------------------------+---------------+---------------+---------------+
 * </pre>
 *
 * @param oldest the lowest version that the sender speaks
 * @param newest the highest
 */
public record Greeting(int oldest, int newest) {
    public static final int BYTES = 16;
    private static final long MAGIC = 0x4c534850_5245504cL;

    /** What this build sends. */
    public static Greeting ours() {
        return new Greeting(ProtocolVersion.oldest().number(), ProtocolVersion.newest().number());
    }

    public byte[] encode() {
        return ByteBuffer.allocate(BYTES)
                .putLong(MAGIC)
                .putShort((short) oldest)
                .putShort((short) newest)
                .putInt(0)
                .array();
    }

    public static Greeting decode(byte[] bytes) throws ProtocolException {
        var in = ByteBuffer.wrap(bytes);
        if (bytes.length != BYTES || in.getLong() != MAGIC) {
            throw new ProtocolException("not a greeting of Leasehold's replication");
        }
        var greeting = new Greeting(in.getShort() & 0xffff, in.getShort() & 0xffff);
        if (greeting.oldest > greeting.newest) {
            throw new ProtocolException(
                    "greeting with versions " + greeting.oldest + " to " + greeting.newest);
        }
        return greeting;
    }

    /**
     * The version to speak: the highest that is in both ranges.
     *
     * @param peer what the other side sent
     */
    public ProtocolVersion agreedWith(Greeting peer) throws ProtocolException {
        return ProtocolVersion.highestIn(
                        Math.max(oldest, peer.oldest), Math.min(newest, peer.newest))
                .orElseThrow(() ->
                        new ProtocolException(
                                "the peer speaks versions %d to %d, this node %d to %d: upgrade the older one"
                                        .formatted(peer.oldest, peer.newest, oldest, newest)));
    }
}
