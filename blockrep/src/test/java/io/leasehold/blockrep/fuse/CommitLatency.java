package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.linux.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.LongStream;

/**
 * Measures what a DHCP server waits for: append 300 bytes, fsync.
 *
 * <pre>CommitLatency COUNT WRITERS DIRECTORY…</pre>
 *
 * <p>Takes turns over the directories in rounds of 200, so that a busy disk is busy for all. Prints
 * microseconds.
 */
final class CommitLatency {

    private static final int RECORD_BYTES = 300;
    private static final int ROUND = 200;

    private CommitLatency() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        int count = Integer.parseInt(args[0]);
        int writers = Integer.parseInt(args[1]);
        var directories = Arrays.stream(args).skip(2).map(Path::of).toList();
        var samples = new ArrayList<LongStream>();
        var elapsedNanos = new long[directories.size()];
        directories.forEach(_ -> samples.add(LongStream.empty()));
        for (int done = -ROUND; done < count; done += ROUND) {
            for (int i = 0; i < directories.size(); i++) {
                long start = System.nanoTime();
                var round = round(directories.get(i), writers);
                // The first round warms up.
                if (done >= 0) {
                    elapsedNanos[i] += System.nanoTime() - start;
                    samples.set(i, LongStream.concat(samples.get(i), round));
                }
            }
        }
        for (int i = 0; i < directories.size(); i++) {
            var sorted = samples.get(i).sorted().toArray();
            System.out.printf(
                    Locale.ROOT,
                    "%-40s writers %d  p50 %6.1f  p90 %6.1f  p99 %7.1f  max %8.1f us  %7.0f commits/s%n",
                    directories.get(i),
                    writers,
                    sorted[sorted.length / 2] / 1e3,
                    sorted[sorted.length * 9 / 10] / 1e3,
                    sorted[sorted.length * 99 / 100] / 1e3,
                    sorted[sorted.length - 1] / 1e3,
                    sorted.length * 1e9 / elapsedNanos[i]);
        }
    }

    private static LongStream round(Path directory, int writers) throws InterruptedException {
        var results = new long[writers][];
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < writers; i++) {
            int writer = i;
            threads.add(
                    Thread.ofPlatform()
                            .name("writer-" + i)
                            .start(() ->
                                    results[writer] =
                                            append(directory.resolve("leases." + writer))));
        }
        for (var thread : threads) {
            thread.join();
        }
        return Arrays.stream(results).flatMapToLong(Arrays::stream);
    }

    private static long[] append(Path file) {
        var nanos = new long[ROUND];
        try (var arena = Arena.ofConfined()) {
            Files.createDirectories(file.getParent());
            int descriptor = Linux.open(file, Linux.O_WRONLY | Linux.O_CREAT | 02000, 0644);
            var record = arena.allocate(RECORD_BYTES).fill((byte) 'x');
            for (int i = 0; i < ROUND; i++) {
                long start = System.nanoTime();
                if (Linux.write(descriptor, record, RECORD_BYTES) != RECORD_BYTES) {
                    throw new IOException("write failed");
                }
                Linux.fsync(descriptor);
                nanos[i] = System.nanoTime() - start;
            }
            Linux.close(descriptor);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return nanos;
    }
}
