package io.leasehold.blockrep;

import io.leasehold.blockrep.volume.Bytes;
import io.leasehold.blockrep.volume.Caller;
import io.leasehold.blockrep.volume.FileId;
import io.leasehold.blockrep.volume.FileSystem;
import io.leasehold.blockrep.volume.RefusedException;
import io.leasehold.blockrep.volume.RequestId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Random operations of a seed on a file system, as programs would do them. */
final class Workload {
    static final Caller ROOT = new Caller(0, 0, 1);

    private final FileSystem files;
    private final Random random;
    private final List<FileId> known = new ArrayList<>();

    Workload(FileSystem files, long seed) {
        this.files = files;
        this.random = new Random(seed);
    }

    static Bytes bytes(String text) {
        return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Does so many operations, with a barrier now and then; refused ones don't count. */
    void run(int operations) throws Exception {
        for (int done = 0; done < operations; ) {
            try {
                if (one(done)) {
                    done++;
                }
            } catch (RefusedException e) {
                // As a program gets EEXIST or ENOENT.
                continue;
            }
            if (random.nextInt(20) == 0) {
                files.whenDurable(files.last(), () -> {});
            }
            files.applyDurable();
        }
        barrier();
    }

    /** Does so many operations, which nobody makes durable. */
    void append(int operations) throws Exception {
        for (int done = 0; done < operations; ) {
            if (tried(done)) {
                done++;
            }
        }
    }

    private boolean tried(int i) throws Exception {
        try {
            return one(i);
        } catch (RefusedException e) {
            // As a program gets EEXIST or ENOENT.
            return false;
        }
    }

    void barrier() throws InterruptedException {
        var done = new CountDownLatch(1);
        files.whenDurable(files.last(), done::countDown);
        if (!done.await(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("not durable within a minute");
        }
        files.applyDurable();
    }

    private boolean one(int i) throws Exception {
        var name = bytes("f" + random.nextInt(40));
        switch (random.nextInt(10)) {
            case 0, 1 ->
                    known.add(files.create(ROOT, FileId.ROOT, name, 0644, RequestId.NONE).id());
            case 2 -> files.unlink(ROOT, FileId.ROOT, name, RequestId.NONE);
            case 3 ->
                    files.rename(
                            ROOT,
                            FileId.ROOT,
                            name,
                            FileId.ROOT,
                            bytes("f" + random.nextInt(40)),
                            true,
                            RequestId.NONE);
            case 4 -> {
                if (known.isEmpty()) {
                    return false;
                }
                files.setXattr(
                        ROOT,
                        pick(),
                        bytes("user.x" + random.nextInt(3)),
                        bytes("value" + i),
                        FileSystem.XattrCondition.NONE,
                        RequestId.NONE);
            }
            default -> {
                if (known.isEmpty()) {
                    return false;
                }
                var data = new byte[1 + random.nextInt(2000)];
                random.nextBytes(data);
                files.write(
                        ROOT,
                        pick(),
                        random.nextInt(20_000),
                        Bytes.copyOf(data),
                        false,
                        RequestId.NONE);
            }
        }
        return true;
    }

    private FileId pick() {
        return known.get(random.nextInt(known.size()));
    }
}
