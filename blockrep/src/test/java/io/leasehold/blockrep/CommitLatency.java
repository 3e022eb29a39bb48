package io.leasehold.blockrep;

import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.volume.RequestId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

/**
 * A measurement, not a test: append 300 B and wait until it is durable on both nodes, without FUSE,
 * against append + fsync on the same file system. Run it with a directory on the disk in question:
 *
 * <pre>
 *   java ... io.leasehold.blockrep.CommitLatency DIRECTORY [COMMITS] [ROUNDS]
 * </pre>
 */
final class CommitLatency {
    private static final byte[] DATA = new byte[300];

    private CommitLatency() {}

    public static void main(String[] arguments) throws Exception {
        var base = Files.createTempDirectory(Path.of(arguments[0]), "commit");
        int commits = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2000;
        int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 3;
        try (var pair = new VolumePair(base)) {
            pair.start();
            // Warm: the compiler, the TLS session, the journals' pages.
            pair(pair, 1, commits, -1);
            for (int round = 0; round < rounds; round++) {
                for (int writers : new int[] {1, 8}) {
                    report("raw ", writers, raw(base, writers, commits / writers, round));
                    report("pair", writers, pair(pair, writers, commits / writers, round));
                }
            }
            System.out.println(pair.a.volume().facts().counters());
        }
    }

    private static long[] raw(Path base, int writers, int commits, int round) throws Exception {
        return run(
                writers,
                commits,
                writer -> {
                    int file =
                            Linux.open(
                                    base.resolve("raw-%d-%d-%d".formatted(writers, round, writer)),
                                    Linux.O_RDWR | Linux.O_CREAT,
                                    0600);
                    var at = new long[1];
                    return () -> {
                        Linux.pwriteFully(file, DATA, at[0]);
                        at[0] += DATA.length;
                        Linux.fsync(file);
                        return 0;
                    };
                });
    }

    private static long[] pair(VolumePair pair, int writers, int commits, int round)
            throws Exception {
        var files = pair.a.volume().fileSystem();
        return run(
                writers,
                commits,
                writer -> {
                    var id =
                            files.create(
                                            Workload.ROOT,
                                            io.leasehold.blockrep.volume.FileId.ROOT,
                                            Workload.bytes(
                                                    "f-%d-%d-%d".formatted(writers, round, writer)),
                                            0600,
                                            RequestId.NONE)
                                    .id();
                    var at = new long[1];
                    var data = io.leasehold.blockrep.volume.Bytes.copyOf(DATA);
                    return () -> {
                        files.write(Workload.ROOT, id, at[0], data, false, RequestId.NONE);
                        at[0] += DATA.length;
                        var done = new CountDownLatch(1);
                        files.whenDurable(files.last(), done::countDown);
                        done.await();
                        files.applyDurable();
                        return 0;
                    };
                });
    }

    private interface Writers {
        Callable<Integer> writer(int number) throws Exception;
    }

    private static long[] run(int writers, int commits, Writers work) throws Exception {
        var samples = new long[writers][commits];
        List<Thread> threads = new ArrayList<>();
        for (int w = 0; w < writers; w++) {
            int number = w;
            var writer = work.writer(w);
            threads.add(
                    Thread.ofPlatform()
                            .unstarted(() -> {
                                try {
                                    for (int i = 0; i < commits; i++) {
                                        long begin = System.nanoTime();
                                        var unused = writer.call();
                                        samples[number][i] = System.nanoTime() - begin;
                                    }
                                } catch (Exception e) {
                                    throw new IllegalStateException(e);
                                }
                            }));
        }
        long begin = System.nanoTime();
        threads.forEach(Thread::start);
        for (var thread : threads) {
            thread.join();
        }
        long elapsed = System.nanoTime() - begin;
        var all = Arrays.stream(samples).flatMapToLong(Arrays::stream).sorted().toArray();
        System.out.printf("%8.0f/s ", (double) all.length * 1e9 / elapsed);
        return all;
    }

    private static void report(String what, int writers, long[] sorted) {
        System.out.printf(
                "%s %d writers: p50 %d us, p90 %d us, p99 %d us%n",
                what,
                writers,
                sorted[sorted.length / 2] / 1000,
                sorted[sorted.length * 9 / 10] / 1000,
                sorted[sorted.length * 99 / 100] / 1000);
    }
}
