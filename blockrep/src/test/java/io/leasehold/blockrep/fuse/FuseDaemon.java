package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.volume.FileLog;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationLog;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.SpaceReserve;
import io.leasehold.blockrep.volume.Volume;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * A process that serves a mount of a volume without replication, to be killed by tests and measured
 * by {@link CommitLatency}.
 *
 * <pre>
 * FuseDaemon DIR MOUNTPOINT start|resume|die-at-OPERATION [HOLDER_PID HOLDER_FD] [READERS] [ZEROED_MIB]
 * </pre>
 *
 * <p>{@code die-at-Link}, say, starts, and dies when such an operation is in its log and not
 * answered. With a holder, the descriptor of /dev/fuse is a copy of that process's. Prints READY
 * when it serves.
 */
final class FuseDaemon {

    static final String DIE_AT = "die-at-";

    private FuseDaemon() {}

    /** Ends the process, as kill -9 does, right after one sort of operation got its place. */
    private record FatalLog(FileLog log, String fatal) implements OperationLog {
        @Override
        public void awaitRoom(int payloadBytes) {
            log.awaitRoom(payloadBytes);
        }

        @Override
        public Seq append(Operation operation, RequestId request) {
            var seq = log.append(operation, request);
            if (operation.getClass().getSimpleName().equals(fatal)) {
                Runtime.getRuntime().halt(137);
            }
            return seq;
        }

        @Override
        public void whenDurable(Seq upTo, Runnable completion) {
            log.whenDurable(upTo, completion);
        }

        @Override
        public void commitAhead(Seq upTo) {
            log.commitAhead(upTo);
        }

        @Override
        public Seq locallyDurable() {
            return log.locallyDurable();
        }

        @Override
        public void syncLocally() {
            log.syncLocally();
        }

        @Override
        public Optional<Operation> resolved(RequestId request) {
            return log.resolved(request);
        }
    }

    static FuseOptions options(Path directory, Path mountPoint, int readers) {
        return new FuseOptions(
                mountPoint,
                directory.resolve("mount-state"),
                "test",
                readers,
                new SpaceReserve(0, _ -> false),
                FuseDaemon::now);
    }

    static long now() {
        var now = Clock.systemUTC().instant();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        var directory = Path.of(args[0]);
        var mountPoint = Path.of(args[1]);
        int device =
                args.length > 4 && !args[3].equals("self")
                        ? Linux.duplicateDescriptorOf(
                                Long.parseLong(args[3]), Integer.parseInt(args[4]))
                        : FuseMount.openDevice();
        int readers = args.length > 5 ? Integer.parseInt(args[5]) : FuseOptions.READERS_DEFAULT;
        long zeroedMiB = args.length > 6 ? Long.parseLong(args[6]) : 0;
        if (!args[2].equals("resume")) {
            // Never touched again: a resumed mount waits for this very process.
            Files.createDirectories(mountPoint);
        }
        Files.createDirectories(directory);
        var log = FileLog.open(directory.resolve("log"), zeroedMiB << 20);
        var volume = Volume.open(directory.resolve("volume"), Seq.NONE, log.history());
        var options = options(directory, mountPoint, readers);
        var listener = new Listener();
        switch (args[2]) {
            case "start" -> FuseMount.start(device, volume, log, options, listener);
            case "resume" -> FuseMount.resume(device, volume, log, options, listener);
            default -> {
                if (!args[2].startsWith(DIE_AT)) {
                    throw new IllegalArgumentException(Map.of("mode", args[2]).toString());
                }
                var fatal = new FatalLog(log, args[2].substring(DIE_AT.length()));
                FuseMount.start(device, volume, fatal, options, listener);
            }
        }
        System.out.println("READY");
        listener.end.await();
    }

    /** Ends the process with the mount. */
    static final class Listener implements FuseListener {
        final CountDownLatch end = new CountDownLatch(1);

        @Override
        public void volumeFailed(String reason) {
            System.err.println("volume failed: " + reason);
        }

        @Override
        public void mountGone() {
            end.countDown();
        }
    }
}
