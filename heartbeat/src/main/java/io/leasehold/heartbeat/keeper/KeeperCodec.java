package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.keeper.GateConfiguration.Guarded;
import io.leasehold.heartbeat.keeper.KeeperMessage.Answer;
import io.leasehold.heartbeat.keeper.KeeperMessage.Notification;
import io.leasehold.heartbeat.keeper.KeeperMessage.Request;
import io.leasehold.heartbeat.keeper.KeeperState.HeldMount;
import io.leasehold.heartbeat.keeper.KeeperState.RunningProcess;
import io.leasehold.heartbeat.link.LinkConfiguration;
import io.leasehold.heartbeat.link.LinkSpec;
import io.leasehold.heartbeat.link.LinkStatistics;
import io.leasehold.heartbeat.wire.Rejection;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.ProtocolException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * {@link KeeperMessage}s as frames: length of what follows (4 bytes), type (1 byte), fields.
 * Integers are big-endian, texts as {@link DataOutputStream#writeUTF} writes them, lists and
 * options preceded by a count (2 bytes).
 *
 * <p>Requests have types from 1, answers from 64, notifications from 128.
 */
final class KeeperCodec {
    /**
     * Changes with every change of a message. A daemon offers its versions from the newest down,
     * and speaks the one that the keeper takes: a newer daemon must be able to attach to the keeper
     * of the build before, which holds the mount while the daemon is upgraded (ADR 0050).
     */
    static final int PROTOCOL_VERSION = 4;

    /** The first that knows how a start is limited, and what a daemon does in it. */
    static final int VERSION_WITH_STARTS = 4;

    /** The one before. */
    static final int PROTOCOL_VERSION_OLDEST = 3;

    static final int FRAME_BYTES_MAX = 256 << 10;
    static final int LENGTH_BYTES = 4;

    private KeeperCodec() {}

    /** Writes one element. */
    @FunctionalInterface
    private interface Writer<T> {
        void write(T element) throws IOException;
    }

    /** Reads one element. */
    @FunctionalInterface
    private interface Reader<T> {
        T read() throws IOException;
    }

    /** The frame in the newest version, length included. */
    static byte[] encode(KeeperMessage message) {
        return encode(message, PROTOCOL_VERSION);
    }

    /** The same in the version that is spoken with the receiver. */
    static byte[] encode(KeeperMessage message, int version) {
        var bytes = new ByteArrayOutputStream(256);
        try {
            var out = new DataOutputStream(bytes);
            out.writeInt(0);
            switch (message) {
                case Request request -> write(out, request, version);
                case Answer answer -> write(out, answer);
                case Notification notification -> write(out, notification);
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot be encoded: " + message, e);
        }
        byte[] frame = bytes.toByteArray();
        if (frame.length > FRAME_BYTES_MAX) {
            throw new IllegalArgumentException("a message of " + frame.length + " bytes");
        }
        int length = frame.length - LENGTH_BYTES;
        for (int i = 0; i < LENGTH_BYTES; i++) {
            frame[i] = (byte) (length >>> (8 * (LENGTH_BYTES - 1 - i)));
        }
        return frame;
    }

    /**
     * The message of a frame.
     *
     * @param frame without its length
     */
    static KeeperMessage decode(byte[] frame) throws IOException {
        var in = new DataInputStream(new ByteArrayInputStream(frame));
        int type = in.readUnsignedByte();
        KeeperMessage message;
        try {
            message =
                    type < 64
                            ? readRequest(type, in)
                            : type < 128 ? readAnswer(type, in) : readNotification(type, in);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("message of type " + type + ": " + e.getMessage());
        }
        if (in.available() > 0) {
            throw new ProtocolException(
                    "message of type " + type + ": " + in.available() + " bytes too many");
        }
        return message;
    }

    private static void write(DataOutputStream out, Request request, int version)
            throws IOException {
        switch (request) {
            case Request.Attach(int offered, long nanoTime) -> {
                out.writeByte(1);
                out.writeInt(offered);
                out.writeLong(nanoTime);
            }
            case Request.GetState() -> out.writeByte(2);
            case Request.ConfigureSupervision(var policy) -> {
                boolean limitsStarts = version >= VERSION_WITH_STARTS;
                out.writeByte(limitsStarts ? 21 : 3);
                writeDuration(out, policy.daemonDeadTime());
                writeDuration(out, policy.daemonHungTime());
                if (limitsStarts) {
                    writeDuration(out, policy.daemonStartLimit());
                }
                out.writeInt(policy.restartsMax());
                writeDuration(out, policy.restartWindow());
                writeDuration(out, policy.restartPause());
                writeDuration(out, policy.handOverTime());
            }
            case Request.ConfigureLinks(var configuration) -> {
                out.writeByte(4);
                out.writeUTF(configuration.cluster());
                out.writeUTF(configuration.node());
                out.writeUTF(configuration.peer());
                writeBytes(out, configuration.clusterKey());
                writeDuration(out, configuration.keepalive());
                writeList(
                        out,
                        configuration.links(),
                        link -> {
                            out.writeUTF(link.name());
                            out.writeUTF(link.interfaceName());
                            out.write(link.local().getAddress());
                            out.write(link.peer().getAddress());
                            out.writeShort(link.port());
                        });
            }
            case Request.ConfigureGate(var configuration) -> {
                out.writeByte(5);
                writeList(
                        out,
                        configuration.guarded(),
                        guarded -> {
                            out.writeUTF(guarded.interfaceName());
                            out.write(guarded.virtualAddress().getAddress());
                        });
            }
            case Request.WatchInterfaces(var names) -> {
                out.writeByte(6);
                writeList(out, List.copyOf(names), out::writeUTF);
            }
            case Request.Publish(long progressNanos, byte[] payload) -> {
                out.writeByte(7);
                out.writeLong(progressNanos);
                writeBytes(out, payload);
            }
            case Request.Progress(long progressNanos) -> {
                out.writeByte(8);
                out.writeLong(progressNanos);
            }
            case Request.Listen() -> out.writeByte(20);
            case Request.Starting(var phase) -> {
                out.writeByte(22);
                out.writeUTF(phase);
            }
            case Request.OpenGate(long untilNanos) -> {
                out.writeByte(9);
                out.writeLong(untilNanos);
            }
            case Request.CloseGate() -> out.writeByte(10);
            case Request.HoldFuse(var mountPoint) -> {
                out.writeByte(11);
                out.writeUTF(mountPoint.toString());
            }
            case Request.ReleaseFuse() -> out.writeByte(12);
            case Request.Spawn(var spec) -> {
                out.writeByte(13);
                out.writeUTF(spec.name());
                writeList(out, spec.argv(), out::writeUTF);
                writeList(
                        out,
                        List.copyOf(spec.environment().entrySet()),
                        entry -> {
                            out.writeUTF(entry.getKey());
                            out.writeUTF(entry.getValue());
                        });
                out.writeUTF(spec.logFile().toString());
                out.writeBoolean(spec.inheritFuseDescriptor());
            }
            case Request.Signal(var name, int signal) -> {
                out.writeByte(14);
                out.writeUTF(name);
                out.writeInt(signal);
            }
            case Request.StandDown(var reason) -> {
                out.writeByte(15);
                out.writeUTF(reason);
            }
            case Request.EndWithDaemon() -> out.writeByte(16);
            case Request.HoldAddress(var address) -> {
                out.writeByte(17);
                out.writeUTF(address.interfaceName());
                out.write(address.address().getAddress());
                out.writeByte(address.prefixLength());
            }
            case Request.ReleaseAddress() -> out.writeByte(18);
            case Request.ConfigureWatchdog(var configuration) -> {
                out.writeByte(19);
                writeList(
                        out,
                        configuration.stream().toList(),
                        watchdog -> {
                            out.writeUTF(watchdog.device().toString());
                            out.writeInt(watchdog.timeoutSeconds());
                        });
            }
        }
    }

    private static Request readRequest(int type, DataInputStream in) throws IOException {
        return switch (type) {
            case 1 -> new Request.Attach(in.readInt(), in.readLong());
            case 2 -> new Request.GetState();
            case 3 ->
                    // Of a daemon of the build before, which knows of no limit.
                    readSupervision(in, SupervisionPolicy.DEFAULT::daemonStartLimit);
            case 4 ->
                    new Request.ConfigureLinks(
                            new LinkConfiguration(
                                    in.readUTF(),
                                    in.readUTF(),
                                    in.readUTF(),
                                    readBytes(in),
                                    readDuration(in),
                                    readList(
                                            in,
                                            () ->
                                                    new LinkSpec(
                                                            in.readUTF(),
                                                            in.readUTF(),
                                                            readAddress(in),
                                                            readAddress(in),
                                                            in.readUnsignedShort()))));
            case 5 ->
                    new Request.ConfigureGate(
                            new GateConfiguration(
                                    readList(
                                            in, () -> new Guarded(in.readUTF(), readAddress(in)))));
            case 6 -> new Request.WatchInterfaces(new HashSet<>(readList(in, in::readUTF)));
            case 7 -> new Request.Publish(in.readLong(), readBytes(in));
            case 8 -> new Request.Progress(in.readLong());
            case 9 -> new Request.OpenGate(in.readLong());
            case 10 -> new Request.CloseGate();
            case 11 -> new Request.HoldFuse(Path.of(in.readUTF()));
            case 12 -> new Request.ReleaseFuse();
            case 13 ->
                    new Request.Spawn(
                            new ProcessSpec(
                                    in.readUTF(),
                                    readList(in, in::readUTF),
                                    readEnvironment(in),
                                    Path.of(in.readUTF()),
                                    in.readBoolean()));
            case 14 -> new Request.Signal(in.readUTF(), in.readInt());
            case 15 -> new Request.StandDown(in.readUTF());
            case 16 -> new Request.EndWithDaemon();
            case 17 ->
                    new Request.HoldAddress(
                            new VirtualAddress(
                                    in.readUTF(), readAddress(in), in.readUnsignedByte()));
            case 18 -> new Request.ReleaseAddress();
            case 19 ->
                    new Request.ConfigureWatchdog(
                            readOption(
                                    in,
                                    () ->
                                            new WatchdogConfiguration(
                                                    Path.of(in.readUTF()), in.readInt())));
            case 20 -> new Request.Listen();
            case 21 -> readSupervision(in, () -> readDuration(in));
            case 22 -> new Request.Starting(in.readUTF());
            default -> throw new ProtocolException("no request has type " + type);
        };
    }

    private static Request readSupervision(DataInputStream in, Reader<Duration> startLimit)
            throws IOException {
        return new Request.ConfigureSupervision(
                new SupervisionPolicy(
                        readDuration(in),
                        readDuration(in),
                        startLimit.read(),
                        in.readInt(),
                        readDuration(in),
                        readDuration(in),
                        readDuration(in)));
    }

    private static void write(DataOutputStream out, Answer answer) throws IOException {
        switch (answer) {
            case Answer.Done() -> out.writeByte(64);
            case Answer.Refused(var reason) -> {
                out.writeByte(65);
                out.writeUTF(reason);
            }
            case Answer.Value(int value) -> {
                out.writeByte(66);
                out.writeInt(value);
            }
            case Answer.State(var state) -> {
                out.writeByte(67);
                write(out, state);
            }
        }
    }

    private static Answer readAnswer(int type, DataInputStream in) throws IOException {
        return switch (type) {
            case 64 -> new Answer.Done();
            case 65 -> new Answer.Refused(in.readUTF());
            case 66 -> new Answer.Value(in.readInt());
            case 67 -> new Answer.State(readState(in));
            default -> throw new ProtocolException("no answer has type " + type);
        };
    }

    private static void write(DataOutputStream out, KeeperState state) throws IOException {
        out.writeInt(state.pid());
        out.writeLong(state.attachments());
        writeList(
                out,
                state.fuse().stream().toList(),
                held -> {
                    out.writeInt(held.descriptor());
                    out.writeUTF(held.mountPoint().toString());
                });
        writeList(
                out,
                state.processes(),
                process -> {
                    out.writeUTF(process.name());
                    out.writeInt(process.pid());
                });
        writeList(out, state.exits(), exit -> write(out, exit));
        switch (state.gate()) {
            case KeeperState.Gate.Absent() -> out.writeByte(0);
            case KeeperState.Gate.Shut() -> out.writeByte(1);
            case KeeperState.Gate.Open(long untilNanos) -> {
                out.writeByte(2);
                out.writeLong(untilNanos);
            }
        }
        writeList(out, state.stoodDown().stream().toList(), out::writeUTF);
    }

    private static KeeperState readState(DataInputStream in) throws IOException {
        return new KeeperState(
                in.readInt(),
                in.readLong(),
                readOption(in, () -> new HeldMount(in.readInt(), Path.of(in.readUTF()))),
                readList(in, () -> new RunningProcess(in.readUTF(), in.readInt())),
                readList(in, () -> readExit(in)),
                readGate(in),
                readOption(in, in::readUTF));
    }

    private static KeeperState.Gate readGate(DataInputStream in) throws IOException {
        int type = in.readUnsignedByte();
        return switch (type) {
            case 0 -> new KeeperState.Gate.Absent();
            case 1 -> new KeeperState.Gate.Shut();
            case 2 -> new KeeperState.Gate.Open(in.readLong());
            default -> throw new ProtocolException("no gate has type " + type);
        };
    }

    private static void write(DataOutputStream out, ProcessExit exit) throws IOException {
        out.writeUTF(exit.name());
        out.writeInt(exit.pid());
        switch (exit.status()) {
            case ProcessExit.Status.Exited(int code) -> {
                out.writeBoolean(false);
                out.writeInt(code);
            }
            case ProcessExit.Status.Killed(int signal) -> {
                out.writeBoolean(true);
                out.writeInt(signal);
            }
        }
        out.writeLong(exit.atNanos());
    }

    private static ProcessExit readExit(DataInputStream in) throws IOException {
        return new ProcessExit(
                in.readUTF(),
                in.readInt(),
                in.readBoolean()
                        ? new ProcessExit.Status.Killed(in.readInt())
                        : new ProcessExit.Status.Exited(in.readInt()),
                in.readLong());
    }

    private static void write(DataOutputStream out, Notification notification) throws IOException {
        switch (notification) {
            case Notification.BeatReceived(var beat) -> {
                out.writeByte(128);
                out.writeUTF(beat.link());
                out.writeLong(beat.bootId().getMostSignificantBits());
                out.writeLong(beat.bootId().getLeastSignificantBits());
                out.writeLong(beat.keeperIncarnation());
                out.writeLong(beat.daemonIncarnation());
                out.writeByte(beat.daemon().number());
                out.writeLong(beat.progressAgeNanos());
                writeBytes(out, beat.payload());
                writeLong(out, beat.roundTripNanos());
                out.writeLong(beat.receivedNanos());
            }
            case Notification.InterfaceChanged(var name, boolean present, boolean carrier) -> {
                out.writeByte(129);
                out.writeUTF(name);
                out.writeBoolean(present);
                out.writeBoolean(carrier);
            }
            case Notification.Statistics(var links) -> {
                out.writeByte(130);
                writeList(out, links, link -> write(out, link));
            }
            case Notification.Health(var health) -> {
                out.writeByte(131);
                out.writeBoolean(health.realTime());
                out.writeInt(health.ticks());
                out.writeLong(health.latenessMaxNanos());
            }
            case Notification.Exited(var exit) -> {
                out.writeByte(132);
                write(out, exit);
            }
            case Notification.StoodDown(var reason) -> {
                out.writeByte(133);
                out.writeUTF(reason);
            }
            case Notification.ShutdownRequested() -> out.writeByte(134);
            case Notification.GateLapsed(var reason) -> {
                out.writeByte(135);
                out.writeUTF(reason);
            }
            case Notification.Listened(long untilNanos, long stoodStillNanos) -> {
                out.writeByte(136);
                out.writeLong(untilNanos);
                out.writeLong(stoodStillNanos);
            }
        }
    }

    private static Notification readNotification(int type, DataInputStream in) throws IOException {
        return switch (type) {
            case 128 ->
                    new Notification.BeatReceived(
                            new PeerBeat(
                                    in.readUTF(),
                                    new UUID(in.readLong(), in.readLong()),
                                    in.readLong(),
                                    in.readLong(),
                                    PeerBeat.DaemonCondition.of(in.readByte()),
                                    in.readLong(),
                                    readBytes(in),
                                    readOptionalLong(in),
                                    in.readLong()));
            case 129 ->
                    new Notification.InterfaceChanged(
                            in.readUTF(), in.readBoolean(), in.readBoolean());
            case 130 -> new Notification.Statistics(readList(in, () -> readStatistics(in)));
            case 131 ->
                    new Notification.Health(
                            new KeeperHealth(in.readBoolean(), in.readInt(), in.readLong()));
            case 132 -> new Notification.Exited(readExit(in));
            case 133 -> new Notification.StoodDown(in.readUTF());
            case 134 -> new Notification.ShutdownRequested();
            case 135 -> new Notification.GateLapsed(in.readUTF());
            case 136 -> new Notification.Listened(in.readLong(), in.readLong());
            default -> throw new ProtocolException("no notification has type " + type);
        };
    }

    private static void write(DataOutputStream out, LinkStatistics link) throws IOException {
        out.writeUTF(link.link());
        out.writeLong(link.sent());
        out.writeLong(link.sendFailures());
        out.writeLong(link.received());
        out.writeLong(link.lost());
        writeLong(out, link.lastReceivedNanos());
        writeLong(out, link.roundTripNanos());
        writeList(
                out,
                List.copyOf(link.rejected().entrySet()),
                entry -> {
                    out.writeUTF(entry.getKey().name());
                    out.writeLong(entry.getValue());
                });
        out.writeUTF(link.remark());
    }

    private static LinkStatistics readStatistics(DataInputStream in) throws IOException {
        return new LinkStatistics(
                in.readUTF(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                in.readLong(),
                readOptionalLong(in),
                readOptionalLong(in),
                readRejections(in),
                in.readUTF());
    }

    private static Map<Rejection, Long> readRejections(DataInputStream in) throws IOException {
        var rejected = new EnumMap<Rejection, Long>(Rejection.class);
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            rejected.put(Rejection.valueOf(in.readUTF()), in.readLong());
        }
        return rejected;
    }

    private static Map<String, String> readEnvironment(DataInputStream in) throws IOException {
        var environment = new HashMap<String, String>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            environment.put(in.readUTF(), in.readUTF());
        }
        return environment;
    }

    private static <T> void writeList(DataOutputStream out, List<T> list, Writer<T> writer)
            throws IOException {
        out.writeShort(list.size());
        for (var element : list) {
            writer.write(element);
        }
    }

    private static <T> List<T> readList(DataInputStream in, Reader<T> reader) throws IOException {
        var list = new ArrayList<T>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            list.add(reader.read());
        }
        return list;
    }

    private static <T> Optional<T> readOption(DataInputStream in, Reader<T> reader)
            throws IOException {
        return readList(in, reader).stream().findFirst();
    }

    private static void writeLong(DataOutputStream out, OptionalLong value) throws IOException {
        out.writeBoolean(value.isPresent());
        out.writeLong(value.orElse(0));
    }

    private static OptionalLong readOptionalLong(DataInputStream in) throws IOException {
        boolean isPresent = in.readBoolean();
        long value = in.readLong();
        return isPresent ? OptionalLong.of(value) : OptionalLong.empty();
    }

    private static void writeDuration(DataOutputStream out, Duration duration) throws IOException {
        out.writeLong(duration.toNanos());
    }

    private static Duration readDuration(DataInputStream in) throws IOException {
        return Duration.ofNanos(in.readLong());
    }

    private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeShort(bytes.length);
        out.write(bytes);
    }

    private static byte[] readBytes(DataInputStream in) throws IOException {
        int length = in.readUnsignedShort();
        if (length > in.available()) {
            throw new ProtocolException(length + " bytes announced, " + in.available() + " there");
        }
        return in.readNBytes(length);
    }

    private static Inet4Address readAddress(DataInputStream in) throws IOException {
        return (Inet4Address) InetAddress.getByAddress(in.readNBytes(4));
    }
}
