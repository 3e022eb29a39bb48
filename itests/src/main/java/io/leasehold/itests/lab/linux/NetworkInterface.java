package io.leasehold.itests.lab.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Flags of a network interface in the calling thread's network namespace, by ioctl. */
public final class NetworkInterface {
    private static final int AF_INET = 2;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;

    private static final long SIOCGIFFLAGS = 0x8913;
    private static final long SIOCSIFFLAGS = 0x8914;
    private static final long SIOCGIFINDEX = 0x8933;
    private static final long SIOCETHTOOL = 0x8946;
    private static final int ETHTOOL_GLINK = 0x0a;
    private static final short IFF_UP = 1;

    private static final int NAME_BYTES = 16;
    private static final int IFREQ_BYTES = 40;

    private NetworkInterface() {}

    /** Takes an interface up or down; the other end of a veth pair sees its carrier come or go. */
    public static void setUp(String name, boolean up) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var request = request(arena, name);
            int socket = Linux.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            try {
                Linux.ioctl(socket, SIOCGIFFLAGS, request);
                short flags = request.get(ValueLayout.JAVA_SHORT, NAME_BYTES);
                short wanted = (short) (up ? flags | IFF_UP : flags & ~IFF_UP);
                request.set(ValueLayout.JAVA_SHORT, NAME_BYTES, wanted);
                Linux.ioctl(socket, SIOCSIFFLAGS, request);
            } finally {
                Linux.close(socket);
            }
        }
    }

    /**
     * Whether the interface is up and has carrier.
     *
     * <p>Asked as ethtool does. The flag IFF_RUNNING follows the carrier only when the kernel's
     * link watch has run, up to a second later; this question makes it run now.
     */
    public static boolean hasCarrier(String name) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            var question = arena.allocate(2L * Integer.BYTES, Integer.BYTES);
            question.set(ValueLayout.JAVA_INT, 0, ETHTOOL_GLINK);
            var request = request(arena, name);
            request.set(ValueLayout.ADDRESS, NAME_BYTES, question);
            int socket = Linux.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            try {
                Linux.ioctl(socket, SIOCETHTOOL, request);
            } finally {
                Linux.close(socket);
            }
            return question.get(ValueLayout.JAVA_INT, Integer.BYTES) != 0;
        }
    }

    static int index(String name) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            return query(arena, name, SIOCGIFINDEX).get(ValueLayout.JAVA_INT, NAME_BYTES);
        }
    }

    private static MemorySegment query(Arena arena, String name, long call) throws LinuxException {
        var request = request(arena, name);
        int socket = Linux.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        try {
            Linux.ioctl(socket, call, request);
            return request;
        } finally {
            Linux.close(socket);
        }
    }

    private static MemorySegment request(Arena arena, String name) {
        var bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= NAME_BYTES) {
            throw new IllegalArgumentException("an interface's name has at most 15 bytes: " + name);
        }
        var request = arena.allocate(IFREQ_BYTES, Long.BYTES);
        MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return request;
    }
}
