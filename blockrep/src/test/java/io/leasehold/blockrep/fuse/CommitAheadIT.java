package io.leasehold.blockrep.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.volume.FileLog;
import io.leasehold.blockrep.volume.Operation;
import io.leasehold.blockrep.volume.OperationLog;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a mount does between a WRITE and its FSYNC. Needs root and /dev/fuse. */
class CommitAheadIT {
    @TempDir Path base;

    @Test
    void shouldBeginTheCommitOfAWriterThatSyncsBeforeItAsks() throws Exception {
        var mountPoint = Files.createDirectory(base.resolve("mount"));
        int device = FuseMount.openDevice();
        try (var log = new WatchedLog(FileLog.open(base.resolve("log"), 0));
                var volume = Volume.open(base.resolve("volume"), Seq.NONE, log.file.history())) {
            var mount =
                    FuseMount.start(
                            device,
                            volume,
                            log,
                            FuseDaemon.options(base, mountPoint, 2),
                            new FuseDaemon.Listener());
            try (var leases =
                    FileChannel.open(
                            mountPoint.resolve("leases"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.APPEND)) {
                append(leases);
                assertThat(log.ahead).as("nothing is known of this file yet").isEmpty();
                leases.force(true);

                append(leases);

                var ahead = Optional.ofNullable(log.ahead.poll(10, TimeUnit.SECONDS));
                assertThat(ahead).contains(new Seq(log.file.appended()));
            } finally {
                mount.unmount(true);
            }
        } finally {
            Linux.close(device);
        }
    }

    private static void append(FileChannel file) throws IOException {
        var unused = file.write(ByteBuffer.allocate(300));
    }

    /** Tells what was committed ahead. */
    private record WatchedLog(FileLog file, BlockingQueue<Seq> ahead)
            implements OperationLog, AutoCloseable {
        WatchedLog(FileLog file) {
            this(file, new LinkedBlockingQueue<>());
        }

        @Override
        public void commitAhead(Seq upTo) {
            file.commitAhead(upTo);
            ahead.add(upTo);
        }

        @Override
        public void awaitRoom(int payloadBytes) {
            file.awaitRoom(payloadBytes);
        }

        @Override
        public Seq append(Operation operation, RequestId request) {
            return file.append(operation, request);
        }

        @Override
        public void whenDurable(Seq upTo, Runnable completion) {
            file.whenDurable(upTo, completion);
        }

        @Override
        public Seq locallyDurable() {
            return file.locallyDurable();
        }

        @Override
        public void syncLocally() {
            file.syncLocally();
        }

        @Override
        public Optional<Operation> resolved(RequestId request) {
            return file.resolved(request);
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
