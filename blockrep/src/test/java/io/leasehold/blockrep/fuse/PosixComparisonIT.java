package io.leasehold.blockrep.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.FileStatus;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.linux.LinuxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same random system calls on a mount and on the disk's own file system: the same results, the
 * same errors, the same files in the end. Needs root and /dev/fuse.
 */
class PosixComparisonIT {

    private static final int CALLS = 3_000;
    private static final String[] NAMES = {"a", "b", "c", "d", "e"};

    @TempDir Path base;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldAnswerLikeTheDisk(long seed) throws IOException, InterruptedException {
        try (var mount = ServedMount.start(base)) {
            var plain = Files.createDirectory(base.resolve("plain"));
            var onMount = new Caller(mount.mountPoint, seed);
            var onDisk = new Caller(plain, seed);
            for (int i = 0; i < CALLS; i++) {
                assertThat(onMount.call()).as("seed %d, call %d", seed, i).isEqualTo(onDisk.call());
            }
            assertThat(describe(mount.mountPoint)).as("seed %d", seed).isEqualTo(describe(plain));
            onMount.closeAll();
            onDisk.closeAll();
            mount.shouldReplicateIdentically();
        }
    }

    private static List<String> describe(Path root) throws IOException {
        var lines = new ArrayList<String>();
        int descriptor = Linux.open(root, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        try (var paths = Files.walk(root)) {
            // Without the roots themselves, whose permissions differ.
            for (var path : paths.filter(path -> !path.equals(root)).sorted().toList()) {
                var status = Linux.statx(descriptor, bytes(root.relativize(path).toString()));
                boolean isFile = status.type() == FileStatus.TYPE_FILE;
                lines.add(
                        "%s %o %d %s"
                                .formatted(
                                        root.relativize(path),
                                        status.mode(),
                                        status.links(),
                                        isFile ? Arrays.hashCode(Files.readAllBytes(path)) : ""));
            }
        } finally {
            Linux.close(descriptor);
        }
        return lines;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Makes the calls below one directory; two with the same seed make the same ones. */
    private static final class Caller {
        private final Random random;
        private final int root;
        private final List<Integer> open = new ArrayList<>();

        Caller(Path root, long seed) throws IOException {
            this.random = new Random(seed);
            this.root = Linux.open(root, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        }

        void closeAll() {
            open.forEach(Linux::close);
            Linux.close(root);
        }

        /** One call; answers what it was and what came back. */
        String call() throws IOException {
            int what = random.nextInt(20);
            var one = path();
            var other = path();
            int number = random.nextInt(20_000);
            try {
                return what
                        + " "
                        + text(one)
                        + " "
                        + text(other)
                        + " "
                        + number
                        + " = "
                        + call(what, one, other, number);
            } catch (LinuxException e) {
                return what
                        + " "
                        + text(one)
                        + " "
                        + text(other)
                        + " "
                        + number
                        + " = "
                        + Errno.nameOf(e.errno());
            }
        }

        private String call(int what, byte[] one, byte[] other, int number) throws IOException {
            switch (what) {
                case 0, 1, 2 -> {
                    int flags = number % 3 == 0 ? Linux.O_EXCL : 0;
                    open.add(
                            Linux.openat(
                                    root,
                                    one,
                                    Linux.O_RDWR | Linux.O_CREAT | flags,
                                    number & 0777));
                    if (open.size() > 8) {
                        Linux.close(open.removeFirst());
                    }
                }
                case 3 -> Linux.mkdirat(root, one, number & 0777);
                case 4 -> Linux.symlinkat(other, root, one);
                case 5 -> Linux.mknodat(root, one, FileStatus.TYPE_FIFO | (number & 0777));
                case 6, 7 -> Linux.linkat(root, one, root, other);
                case 8 -> Linux.unlinkat(root, one, 0);
                case 9 -> Linux.unlinkat(root, one, Linux.AT_REMOVEDIR);
                case 10, 11 -> Linux.renameat2(root, one, root, other, 0);
                case 12 -> Linux.renameat2(root, one, root, other, Linux.RENAME_NOREPLACE);
                case 13 -> Linux.renameat2(root, one, root, other, Linux.RENAME_EXCHANGE);
                case 14 -> {
                    if (!open.isEmpty()) {
                        var data = new byte[number % 5_000];
                        new Random(number).nextBytes(data);
                        Linux.pwriteFully(open.get(number % open.size()), data, number);
                    }
                }
                case 15 -> {
                    if (!open.isEmpty()) {
                        var data = new byte[8_192];
                        int count =
                                Linux.pread(
                                        open.get(number % open.size()),
                                        data,
                                        data.length,
                                        number / 2);
                        return count + " bytes " + Arrays.hashCode(data);
                    }
                }
                case 16 -> {
                    if (!open.isEmpty()) {
                        Linux.ftruncate(open.get(number % open.size()), number);
                    }
                }
                case 17 -> {
                    if (!open.isEmpty()) {
                        var modes =
                                new int[] {
                                    0,
                                    Linux.FALLOC_FL_KEEP_SIZE,
                                    Linux.FALLOC_FL_PUNCH_HOLE | Linux.FALLOC_FL_KEEP_SIZE,
                                    Linux.FALLOC_FL_ZERO_RANGE
                                };
                        Linux.fallocate(
                                open.get(number % open.size()),
                                modes[number % modes.length],
                                number,
                                1 + number / 3);
                    }
                }
                case 18 -> {
                    var status = Linux.statx(root, one);
                    boolean isFile = status.type() == FileStatus.TYPE_FILE;
                    return "%o %d %d"
                            .formatted(
                                    status.mode(), status.links(), isFile ? status.sizeBytes() : 0);
                }
                default -> {
                    if (!open.isEmpty()) {
                        var status = Linux.statx(open.get(number % open.size()));
                        Linux.fchmod(open.get(number % open.size()), number & 01777);
                        return status.links() + " " + status.sizeBytes();
                    }
                }
            }
            return "ok";
        }

        /** One or two components out of few. */
        private byte[] path() {
            var name = NAMES[random.nextInt(NAMES.length)];
            return bytes(
                    random.nextInt(3) == 0
                            ? name + "/" + NAMES[random.nextInt(NAMES.length)]
                            : name);
        }

        private static String text(byte[] path) {
            return new String(path, StandardCharsets.UTF_8);
        }
    }
}
