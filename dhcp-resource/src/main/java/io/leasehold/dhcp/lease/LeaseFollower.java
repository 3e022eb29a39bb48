package io.leasehold.dhcp.lease;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps a lease table up to date behind a lease file that another process appends to, and now and
 * then replaces.
 *
 * <p>A secondary follows its replica with it. So a promotion has only the last moments to read, and
 * costs the same with 100 leases as with 100 000. Only what was appended is read, if the file is
 * still the same one (inode, and the bytes before the place where reading stopped); otherwise all
 * of it. An edit in place further up than that is not noticed before dhcpd next replaces the file;
 * a reader that must not miss one reads the whole file with {@link LeaseFileParser}.
 *
 * <p>Thread-safe: one lock, held while reading.
 */
public final class LeaseFollower {

    /** Compared before reading on: a file that was changed in place is read anew. */
    private static final int FINGERPRINT_BYTES = 4096;

    private final Path file;

    private LeaseTable.Builder builder = new LeaseTable.Builder();
    private Optional<Followed> followed = Optional.empty();

    /** State between two readings of one file. */
    private static final class Followed {
        final long inode;
        final LeaseFileReading reading;
        final byte[] fingerprint;
        final long sizeBytes;
        final LeaseTable table;

        Followed(
                long inode,
                LeaseFileReading reading,
                byte[] fingerprint,
                long sizeBytes,
                LeaseTable table) {
            this.inode = inode;
            this.reading = reading;
            this.fingerprint = fingerprint;
            this.sizeBytes = sizeBytes;
            this.table = table;
        }
    }

    /**
     * What the file says now.
     *
     * @param reading counts since the last full reading; findings of the last part only
     * @param sizeBytes of the file
     * @param readBytes how much had to be read for it this time
     */
    public record View(
            LeaseTable table, LeaseFileReading reading, long sizeBytes, long readBytes) {}

    public LeaseFollower(Path file) {
        this.file = file;
    }

    public Path file() {
        return file;
    }

    /**
     * Reads what is new.
     *
     * @throws java.nio.file.NoSuchFileException if there is no such file (now)
     */
    public synchronized View poll() throws IOException {
        var attributes = Files.readAttributes(file, "unix:ino,size");
        long inode = ((Number) attribute(attributes, "ino")).longValue();
        if (followed.isPresent()) {
            var before = followed.get();
            if (before.inode == inode) {
                var view = readOn(before);
                if (view.isPresent()) {
                    return view.get();
                }
            }
        }
        return readAll(inode);
    }

    private static Object attribute(Map<String, Object> attributes, String name) {
        var value = attributes.get(name);
        if (value == null) {
            throw new IllegalStateException("no attribute " + name);
        }
        return value;
    }

    private View readAll(long inode) throws IOException {
        builder = new LeaseTable.Builder();
        LeaseFileReading reading;
        try (var in = new FileInputStream(file.toFile())) {
            reading = LeaseFileParser.parse(in, file, builder);
        }
        var sizeBytes = Files.size(file);
        return remember(inode, reading, sizeBytes, sizeBytes);
    }

    private Optional<View> readOn(Followed before) throws IOException {
        long from = before.reading.completeToOffset();
        try (var access = new RandomAccessFile(file.toFile(), "r")) {
            long sizeBytes = access.length();
            if (sizeBytes < from || !Arrays.equals(before.fingerprint, fingerprint(access, from))) {
                return Optional.empty();
            }
            if (sizeBytes == before.sizeBytes && sizeBytes == from) {
                return Optional.of(new View(before.table, before.reading, sizeBytes, 0));
            }
            access.seek(from);
            var part = LeaseFileParser.resume(inputOf(access), before.reading, file, builder);
            var whole =
                    new LeaseFileReading(
                            part.completeToOffset(),
                            part.completeToLine(),
                            part.completeToLineOffset(),
                            before.reading.declarations() + part.declarations(),
                            before.reading.damaged() + part.damaged(),
                            part.damaged() > 0 ? part.findings() : before.reading.findings(),
                            part.end());
            return Optional.of(remember(before.inode, whole, sizeBytes, sizeBytes - from));
        }
    }

    private View remember(long inode, LeaseFileReading reading, long sizeBytes, long readBytes)
            throws IOException {
        byte[] fingerprint;
        try (var access = new RandomAccessFile(file.toFile(), "r")) {
            fingerprint = fingerprint(access, reading.completeToOffset());
        }
        var table = builder.build();
        followed = Optional.of(new Followed(inode, reading, fingerprint, sizeBytes, table));
        return new View(table, reading, sizeBytes, readBytes);
    }

    private static byte[] fingerprint(RandomAccessFile access, long before) throws IOException {
        int length = (int) Math.min(FINGERPRINT_BYTES, Math.min(before, access.length()));
        var bytes = new byte[length];
        access.seek(before - length);
        access.readFully(bytes);
        return bytes;
    }

    private static InputStream inputOf(RandomAccessFile access) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                return access.read();
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                return access.read(bytes, offset, length);
            }
        };
    }
}
