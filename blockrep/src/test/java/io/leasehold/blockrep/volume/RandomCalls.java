package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.volume.AttributeChange.Time;
import io.leasehold.blockrep.volume.FileSystem.XattrCondition;
import io.leasehold.blockrep.volume.Operation.AllocationMode;
import io.leasehold.blockrep.volume.Operation.NodeKind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;

/**
 * Makes random calls on a file system with few names and few files, so that they meet each other
 * often.
 */
final class RandomCalls {

    private static final Caller ROOT_USER = new Caller(0, 0, 1);
    private static final String[] NAMES = {"a", "b", "c", "leases", "leases~"};

    private final FileSystem files;
    private final Random random;
    private final List<FileId> known = new ArrayList<>(List.of(FileId.ROOT));
    private final List<FileId> open = new ArrayList<>();
    private long unique = 1;

    RandomCalls(FileSystem files, Random random) {
        this(files, random, List.of());
    }

    /** Knows files already that were made by others. */
    RandomCalls(FileSystem files, Random random, Collection<FileId> known) {
        this.files = files;
        this.random = random;
        this.known.addAll(known);
    }

    /** Answers how many of the calls were refused, which is an ordinary answer to a random call. */
    int make(int count) throws VolumeFailedException {
        int refused = 0;
        for (int i = 0; i < count; i++) {
            try {
                call();
            } catch (RefusedException e) {
                refused++;
            }
        }
        return refused;
    }

    private void call() throws RefusedException, VolumeFailedException {
        switch (random.nextInt(24)) {
            case 0, 1, 2, 3 -> {
                var made =
                        files.create(
                                        ROOT_USER,
                                        directory(),
                                        name(),
                                        random.nextInt(01000),
                                        request())
                                .id();
                known.add(made);
                if (random.nextInt(3) == 0) {
                    files.open(made);
                    open.add(made);
                }
            }
            case 4 ->
                    known.add(
                            files.makeDirectory(
                                            ROOT_USER,
                                            directory(),
                                            name(),
                                            random.nextInt(010000),
                                            request())
                                    .id());
            case 5 ->
                    files.symbolicLink(
                            ROOT_USER, directory(), name(), bytes("../target"), request());
            case 6 ->
                    files.makeNode(
                            ROOT_USER,
                            directory(),
                            name(),
                            random.nextBoolean() ? NodeKind.FIFO : NodeKind.SOCKET,
                            0640,
                            request());
            case 7, 8 -> files.link(ROOT_USER, known(), directory(), name(), request());
            case 9, 10 -> files.unlink(ROOT_USER, directory(), name(), request());
            case 11 -> files.removeDirectory(ROOT_USER, directory(), name(), request());
            case 12, 13, 14 ->
                    files.rename(
                            ROOT_USER,
                            directory(),
                            name(),
                            directory(),
                            name(),
                            random.nextInt(4) > 0,
                            request());
            case 15 ->
                    files.exchange(ROOT_USER, directory(), name(), directory(), name(), request());
            case 16, 17, 18 -> {
                var data = new byte[random.nextInt(6_000)];
                random.nextBytes(data);
                files.write(
                        ROOT_USER,
                        known(),
                        random.nextInt(12_000),
                        Bytes.copyOf(data),
                        random.nextBoolean(),
                        request());
            }
            case 19 -> files.change(ROOT_USER, known(), change(), request());
            case 20 ->
                    files.setXattr(
                            ROOT_USER,
                            known(),
                            bytes("user." + name()),
                            Bytes.copyOf(new byte[random.nextInt(1_500)]),
                            XattrCondition.NONE,
                            request());
            case 21 -> files.removeXattr(ROOT_USER, known(), bytes("user." + name()), request());
            case 22 -> {
                var modes = AllocationMode.values();
                files.allocate(
                        ROOT_USER,
                        known(),
                        modes[random.nextInt(modes.length)],
                        random.nextInt(10_000),
                        1 + random.nextInt(9_000),
                        request());
            }
            default -> {
                if (!open.isEmpty()) {
                    files.release(open.remove(random.nextInt(open.size())));
                }
            }
        }
    }

    private AttributeChange change() {
        return new AttributeChange(
                random.nextBoolean() ? OptionalInt.of(random.nextInt(010000)) : OptionalInt.empty(),
                random.nextBoolean() ? OptionalInt.of(random.nextInt(5)) : OptionalInt.empty(),
                random.nextBoolean() ? OptionalInt.of(random.nextInt(5)) : OptionalInt.empty(),
                random.nextBoolean()
                        ? OptionalLong.of(random.nextInt(15_000))
                        : OptionalLong.empty(),
                new Time.Keep(),
                random.nextBoolean()
                        ? new Time.At(random.nextLong(2_000_000_000_000_000_000L))
                        : new Time.Keep(),
                random.nextBoolean());
    }

    private FileId known() {
        return known.get(random.nextInt(known.size()));
    }

    private FileId directory() {
        // Half of all calls in the root, or nothing would ever be found.
        return random.nextBoolean() ? FileId.ROOT : known();
    }

    private Bytes name() {
        return bytes(NAMES[random.nextInt(NAMES.length)]);
    }

    private RequestId request() {
        return new RequestId(1, unique++);
    }

    private static Bytes bytes(String text) {
        return Bytes.copyOf(text.getBytes(StandardCharsets.UTF_8));
    }
}
