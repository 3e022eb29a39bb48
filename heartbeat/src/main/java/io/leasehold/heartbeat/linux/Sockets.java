package io.leasehold.heartbeat.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The socket calls. All sockets are non-blocking and are not inherited by child processes. */
public final class Sockets {
    public static final int AF_UNIX = 1;
    public static final int AF_INET = 2;
    public static final int AF_NETLINK = 16;
    public static final int AF_PACKET = 17;

    public static final int SOCK_STREAM = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;

    public static final int SOL_SOCKET = 1;
    public static final int SO_SNDBUF = 7;
    public static final int SO_PRIORITY = 12;
    public static final int SO_PEERCRED = 17;
    public static final int SO_BINDTODEVICE = 25;
    public static final int SO_ATTACH_FILTER = 26;
    public static final int SO_RCVBUFFORCE = 33;

    /** What {@link #receive} and {@link #send} answer when they would have to wait. */
    public static final int WOULD_BLOCK = -1;

    private static final int SOCK_CLOEXEC_NONBLOCK = 0x80000 | 0x800;
    private static final int MSG_TRUNC = 0x20;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int UNIX_PATH_BYTES_MAX = 107;
    private static final int INTERFACE_NAME_BYTES_MAX = 15;
    private static final int INTERFACE_REQUEST_BYTES = 40;
    private static final int SIOCGIFHWADDR = 0x8927;

    private static final MemorySegment SOCKET = Libc.function("socket");
    private static final MemorySegment BIND = Libc.function("bind");
    private static final MemorySegment CONNECT = Libc.function("connect");
    private static final MemorySegment LISTEN = Libc.function("listen");
    private static final MemorySegment ACCEPT4 = Libc.function("accept4");
    private static final MemorySegment SETSOCKOPT = Libc.function("setsockopt");
    private static final MemorySegment GETSOCKOPT = Libc.function("getsockopt");
    private static final MemorySegment SENDTO = Libc.function("sendto");
    private static final MemorySegment RECVFROM = Libc.function("recvfrom");
    private static final MemorySegment IOCTL = Libc.function("ioctl");
    private static final MemorySegment IF_NAMETOINDEX = Libc.function("if_nametoindex");

    private Sockets() {}

    /** A socket in the network namespace of the calling thread. */
    public static Descriptor open(int family, int type, int protocol) throws LinuxException {
        return new Descriptor(
                Libc.call("socket", SOCKET, family, type | SOCK_CLOEXEC_NONBLOCK, protocol));
    }

    public static void bind(Descriptor socket, MemorySegment address, String shown)
            throws IOException {
        Libc.call(
                "bind(" + shown + ")",
                BIND,
                socket.number(),
                address.address(),
                address.byteSize());
    }

    public static void connect(Descriptor socket, MemorySegment address, String shown)
            throws IOException {
        Libc.call(
                "connect(" + shown + ")",
                CONNECT,
                socket.number(),
                address.address(),
                address.byteSize());
    }

    public static void listen(Descriptor socket, int backlog) throws IOException {
        Libc.call("listen", LISTEN, socket.number(), backlog);
    }

    public static Descriptor accept(Descriptor socket) throws IOException {
        return new Descriptor(
                Libc.call("accept4", ACCEPT4, socket.number(), 0, 0, SOCK_CLOEXEC_NONBLOCK));
    }

    public static void setOption(Descriptor socket, int level, int option, int value)
            throws IOException {
        try (var arena = Arena.ofConfined()) {
            var segment = arena.allocateFrom(JAVA_INT, value);
            setOption(socket, level, option, segment);
        }
    }

    public static void setOption(Descriptor socket, int level, int option, MemorySegment value)
            throws IOException {
        Libc.call(
                "setsockopt(" + level + ", " + option + ")",
                SETSOCKOPT,
                socket.number(),
                level,
                option,
                value.address(),
                value.byteSize());
    }

    /** Only that interface's traffic, whatever the routes say. */
    public static void bindToInterface(Descriptor socket, String interfaceName) throws IOException {
        try (var arena = Arena.ofConfined()) {
            Libc.call(
                    "setsockopt(SO_BINDTODEVICE, " + interfaceName + ")",
                    SETSOCKOPT,
                    socket.number(),
                    SOL_SOCKET,
                    SO_BINDTODEVICE,
                    arena.allocateFrom(interfaceName).address(),
                    interfaceName.length() + 1);
        }
    }

    /** Who is at the other end of a Unix socket. */
    public record PeerCredentials(int pid, int uid, int gid) {}

    /** Credentials of the process that connected, as the kernel saw it then. */
    public static PeerCredentials peerCredentials(Descriptor socket) throws IOException {
        try (var arena = Arena.ofConfined()) {
            var credentials = arena.allocate(12, 4);
            var length = arena.allocateFrom(JAVA_INT, 12);
            Libc.call(
                    "getsockopt(SO_PEERCRED)",
                    GETSOCKOPT,
                    socket.number(),
                    SOL_SOCKET,
                    SO_PEERCRED,
                    credentials.address(),
                    length.address());
            return new PeerCredentials(
                    credentials.get(JAVA_INT, 0),
                    credentials.get(JAVA_INT, 4),
                    credentials.get(JAVA_INT, 8));
        }
    }

    /**
     * Sends {@code bytes} of the segment to the address ({@link MemorySegment#NULL}: where the
     * socket is connected to).
     *
     * @return how many bytes were taken, or {@link #WOULD_BLOCK}
     */
    public static int send(Descriptor socket, MemorySegment segment, long bytes, MemorySegment to)
            throws IOException {
        int result =
                Libc.tryCall(
                        SENDTO,
                        socket.number(),
                        segment.address(),
                        bytes,
                        MSG_NOSIGNAL,
                        to.address(),
                        to.byteSize());
        return orWouldBlock("sendto", result);
    }

    /**
     * Receives into the segment.
     *
     * @param from where the sender's address goes, {@link MemorySegment#NULL} if it is not wanted
     * @return the length of what came, for a datagram also if it is longer than the segment; 0 at
     *     the end of a stream; {@link #WOULD_BLOCK} if nothing is there
     */
    public static int receive(Descriptor socket, MemorySegment segment, MemorySegment from)
            throws IOException {
        int result;
        if (from.address() == 0) {
            result =
                    Libc.tryCall(
                            RECVFROM,
                            socket.number(),
                            segment.address(),
                            segment.byteSize(),
                            MSG_TRUNC,
                            0,
                            0);
        } else {
            try (var arena = Arena.ofConfined()) {
                var length = arena.allocateFrom(JAVA_INT, (int) from.byteSize());
                result =
                        Libc.tryCall(
                                RECVFROM,
                                socket.number(),
                                segment.address(),
                                segment.byteSize(),
                                MSG_TRUNC,
                                from.address(),
                                length.address());
            }
        }
        return orWouldBlock("recvfrom", result);
    }

    private static int orWouldBlock(String call, int result) throws LinuxException {
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return WOULD_BLOCK;
        }
        if (result < 0) {
            throw new LinuxException(call, -result);
        }
        return result;
    }

    /** {@code struct sockaddr_in}. */
    public static MemorySegment internetAddress(Inet4Address address, int port) {
        var segment = Arena.ofAuto().allocate(16, 4);
        segment.set(JAVA_SHORT, 0, (short) AF_INET);
        segment.set(BigEndian.SHORT, 2, (short) port);
        MemorySegment.copy(address.getAddress(), 0, segment, JAVA_BYTE, 4, 4);
        return segment;
    }

    /** {@code struct sockaddr_un} of a path in the file system. */
    public static MemorySegment unixAddress(Path path) {
        return unixAddress(path.toString());
    }

    /**
     * The same of a name: a path, or one in no file system if it begins with {@code @} (unix(7),
     * abstract).
     */
    public static MemorySegment unixAddress(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > UNIX_PATH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "longer than "
                            + UNIX_PATH_BYTES_MAX
                            + " bytes, which a socket's path may have: "
                            + name);
        }
        boolean isAbstract = name.startsWith("@");
        // A path ends with a zero; an abstract name begins with one, and its length is its own.
        var segment = Arena.ofAuto().allocate(2L + bytes.length + (isAbstract ? 0 : 1), 2);
        segment.set(JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, 2, bytes.length);
        if (isAbstract) {
            segment.set(JAVA_BYTE, 2, (byte) 0);
        }
        return segment;
    }

    /** The index of an interface in the calling thread's network namespace. */
    public static int interfaceIndex(String interfaceName) throws LinuxException {
        try (var arena = Arena.ofConfined()) {
            int index = Libc.tryCall(IF_NAMETOINDEX, arena.allocateFrom(interfaceName).address());
            if (index <= 0) {
                throw new LinuxException("interface " + interfaceName, Errno.ENODEV);
            }
            return index;
        }
    }

    /** The link-layer address (six octets) of an interface. */
    public static byte[] hardwareAddress(Descriptor socket, String interfaceName)
            throws IOException {
        if (interfaceName.length() > INTERFACE_NAME_BYTES_MAX) {
            throw new LinuxException("interface " + interfaceName, Errno.ENODEV);
        }
        try (var arena = Arena.ofConfined()) {
            var request = arena.allocate(INTERFACE_REQUEST_BYTES, 8);
            request.setString(0, interfaceName);
            Libc.call(
                    "ioctl(SIOCGIFHWADDR, " + interfaceName + ")",
                    IOCTL,
                    socket.number(),
                    SIOCGIFHWADDR,
                    request.address());
            return request.asSlice(18, 6).toArray(JAVA_BYTE);
        }
    }
}
