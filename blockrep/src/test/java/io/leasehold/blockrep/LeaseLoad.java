package io.leasehold.blockrep;

import io.leasehold.blockrep.volume.AttributeChange;
import io.leasehold.blockrep.volume.AttributeChange.Time;
import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileSystem;
import io.leasehold.blockrep.volume.FileSystem.XattrCondition;
import io.leasehold.blockrep.volume.Operation.AllocationMode;
import io.leasehold.blockrep.volume.RefusedException;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.VolumeFailedException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What dhcpd and the promotion guard do to a volume, and some of what others do: records that are
 * appended and flushed, a rewrite through a new file, link and rename, small files that are
 * replaced, and truncated, punched, unlinked ones beside them.
 *
 * <p>Runs on a thread of its own until it is told to stop. If its writer is gone it may be blocked
 * for ever, as dhcpd would be.
 */
final class LeaseLoad {
    static final int RECORD_BYTES = 40;
    private static final String LEASES = "dhcpd.leases";
    private static final int FILE_BYTES_MAX = 400_000;

    private final FileSystem files;
    private final Random random;
    private final Set<Integer> acknowledged;
    private final Thread thread;
    private int nextRecord;
    private volatile boolean stopped;
    private volatile Optional<Throwable> failure = Optional.empty();

    /**
     * Begins.
     *
     * @param acknowledged gets each record that is known to be durable
     * @param firstRecord higher than any that was ever written
     */
    LeaseLoad(FileSystem files, long seed, Set<Integer> acknowledged, int firstRecord) {
        this.files = files;
        this.random = new Random(seed);
        this.acknowledged = acknowledged;
        this.nextRecord = firstRecord;
        thread = Thread.ofPlatform().daemon().name("lease-load").start(this::run);
    }

    /** Ends it; false if it is blocked. */
    boolean stop() throws InterruptedException {
        stopped = true;
        return thread.join(java.time.Duration.ofSeconds(20));
    }

    Optional<Throwable> failure() {
        return failure;
    }

    private void run() {
        try {
            trimTornRecord();
            append();
            while (!stopped) {
                one();
            }
        } catch (VolumeFailedException e) {
            // Its node is gone.
            return;
        } catch (RefusedException | RuntimeException | InterruptedException e) {
            failure = Optional.of(e);
        }
    }

    /** As the promotion guard does: nobody was told of it. */
    private void trimTornRecord() throws RefusedException, VolumeFailedException {
        var leases = fileCalled(LEASES);
        long size = files.attributes(leases).sizeBytes();
        if (size % RECORD_BYTES != 0) {
            files.change(Workload.ROOT, leases, size(size - size % RECORD_BYTES), RequestId.NONE);
        }
    }

    private void one() throws RefusedException, VolumeFailedException, InterruptedException {
        switch (random.nextInt(20)) {
            case 0 -> rewrite();
            case 1, 2 -> replaceSmallFile();
            case 3 -> others();
            case 4 -> unlinkWhileOpen();
            default -> append();
        }
        if (random.nextInt(3) == 0) {
            files.applyDurable();
        }
    }

    /** One record, flushed; in two pieces now and then, as when it crosses a page. */
    private void append() throws RefusedException, VolumeFailedException, InterruptedException {
        var leases = fileCalled(LEASES);
        long end = files.attributes(leases).sizeBytes();
        int number = nextRecord++;
        var record = "%-39d%n".formatted(number);
        int cut = random.nextInt(4) == 0 ? 1 + random.nextInt(RECORD_BYTES - 1) : RECORD_BYTES;
        write(leases, end, record.substring(0, cut));
        if (cut < RECORD_BYTES) {
            write(leases, end + cut, record.substring(cut));
        }
        if (random.nextInt(8) > 0 && flush()) {
            acknowledged.add(number);
        }
    }

    /** As server/db.c does: new_lease_file(). */
    private void rewrite() throws RefusedException, VolumeFailedException, InterruptedException {
        var leases = fileCalled(LEASES);
        var content = content(leases);
        var name = LEASES + "." + nextRecord;
        var fresh = fileCalled(name);
        int from = Math.max(0, content.length - FILE_BYTES_MAX) / RECORD_BYTES * RECORD_BYTES;
        if (from > 0) {
            acknowledged.removeAll(ReplicaLivesIT.recordsIn(content, from));
        }
        for (int at = from; at < content.length; ) {
            int length = Math.min(4_096, content.length - at);
            write(fresh, at - from, java.util.Arrays.copyOfRange(content, at, at + length));
            at += length;
        }
        if (!flush()) {
            return;
        }
        unlinkIfThere(LEASES + "~");
        files.link(Workload.ROOT, leases, FileId.ROOT, bytes(LEASES + "~"), RequestId.NONE);
        rename(name, LEASES);
        forget(fresh);
    }

    private void replaceSmallFile()
            throws RefusedException, VolumeFailedException, InterruptedException {
        var name = "history" + random.nextInt(12);
        var fresh = fileCalled(name + ".new");
        files.change(Workload.ROOT, fresh, size(0), RequestId.NONE);
        var text = "leasehold-dhcp-history 1\nleases %d\n".formatted(random.nextInt(100_000));
        write(fresh, 0, text.repeat(1 + random.nextInt(random.nextInt(8) == 0 ? 4_000 : 3)));
        if (flush()) {
            rename(name + ".new", name);
        }
        forget(fresh);
    }

    private void others() throws RefusedException, VolumeFailedException {
        var file = fileCalled("other" + random.nextInt(6));
        switch (random.nextInt(5)) {
            case 0 ->
                    files.change(
                            Workload.ROOT, file, size(random.nextInt(200_000)), RequestId.NONE);
            case 1 ->
                    files.allocate(
                            Workload.ROOT,
                            file,
                            random.nextBoolean()
                                    ? AllocationMode.PUNCH_HOLE
                                    : AllocationMode.ZERO_RANGE,
                            random.nextInt(100_000),
                            1 + random.nextInt(70_000),
                            RequestId.NONE);
            case 2 ->
                    files.setXattr(
                            Workload.ROOT,
                            file,
                            bytes("user.x" + random.nextInt(3)),
                            bytes("v" + random.nextInt()),
                            XattrCondition.NONE,
                            RequestId.NONE);
            default -> {
                var data = new byte[1 + random.nextInt(50_000)];
                random.nextBytes(data);
                write(file, random.nextInt(150_000), data);
            }
        }
    }

    private void unlinkWhileOpen()
            throws RefusedException, VolumeFailedException, InterruptedException {
        var file = fileCalled("scratch");
        files.open(file);
        write(file, 0, "gone soon".repeat(1 + random.nextInt(500)));
        unlinkIfThere("scratch");
        write(file, random.nextInt(9_000), "written without a name");
        if (random.nextBoolean()) {
            flush();
        }
        files.release(file);
        forget(file);
    }

    /** Makes everything durable; false if this must stop before it is known to be. */
    private boolean flush() throws InterruptedException {
        var done = new CountDownLatch(1);
        files.whenDurable(files.last(), done::countDown);
        while (!done.await(5, TimeUnit.MILLISECONDS)) {
            if (stopped) {
                return false;
            }
        }
        return true;
    }

    private FileId fileCalled(String name) throws RefusedException, VolumeFailedException {
        try {
            return files.lookup(FileId.ROOT, bytes(name)).id();
        } catch (RefusedException e) {
            return files.create(Workload.ROOT, FileId.ROOT, bytes(name), 0644, RequestId.NONE).id();
        }
    }

    private void forget(FileId file) {
        files.forget(file, 1);
    }

    private void unlinkIfThere(String name) throws VolumeFailedException {
        try {
            files.unlink(Workload.ROOT, FileId.ROOT, bytes(name), RequestId.NONE);
        } catch (RefusedException e) {
            // It was not there.
            return;
        }
    }

    private void rename(String from, String to) throws RefusedException, VolumeFailedException {
        files.rename(
                Workload.ROOT,
                FileId.ROOT,
                bytes(from),
                FileId.ROOT,
                bytes(to),
                true,
                RequestId.NONE);
    }

    private byte[] content(FileId file) throws RefusedException, VolumeFailedException {
        int size = (int) files.attributes(file).sizeBytes();
        try (var arena = Arena.ofConfined()) {
            var memory = arena.allocate(Math.max(size, 1));
            int count = files.read(file, memory, size, 0);
            if (count != size) {
                throw new IllegalStateException(
                        "a file of %d bytes: %d were read".formatted(size, count));
            }
            return memory.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private void write(FileId file, long at, String text)
            throws RefusedException, VolumeFailedException {
        write(file, at, text.getBytes(StandardCharsets.UTF_8));
    }

    private void write(FileId file, long at, byte[] data)
            throws RefusedException, VolumeFailedException {
        for (int from = 0; from < data.length; from += 100_000) {
            int to = Math.min(data.length, from + 100_000);
            files.write(
                    Workload.ROOT,
                    file,
                    at + from,
                    Bytes.copyOf(java.util.Arrays.copyOfRange(data, from, to)),
                    false,
                    RequestId.NONE);
        }
    }

    private static AttributeChange size(long sizeBytes) {
        return new AttributeChange(
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalLong.of(sizeBytes),
                new Time.Keep(),
                new Time.Keep(),
                false);
    }

    private static Bytes bytes(String text) {
        return Workload.bytes(text);
    }
}
