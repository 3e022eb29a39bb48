package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The branches that a node keeps.
 *
 * <pre>
 *   DIR/live/tree                the live copy
 *   DIR/branches/NAME/tree       the files of a branch, under their names
 *   DIR/branches/NAME/looked-at  there since a person read it
 *   DIR/branches/NAME/partial    there if only those files are in it that this copy had touched
 *   DIR/branches/.removed-NAME   on its way out
 * </pre>
 *
 * <p>What has another name there is somebody else's: it is neither listed nor removed. Any thread;
 * all methods read the disk.
 */
public final class Branches {
    private static final String TREE = "tree";
    private static final String LOOKED_AT = "looked-at";
    private static final String PARTIAL = "partial";
    private static final String REMOVED = ".removed-";

    private final Path directory;
    private final Path live;

    /** A branch does not change any more: its files are counted once. */
    private final Map<Branch, Content> contents = new ConcurrentHashMap<>();

    /**
     * How much is kept.
     *
     * @param countMax at least 1
     * @param bytesMax of all together; the newest is kept even if it alone has more
     * @param retention what is older goes
     */
    public record Limits(int countMax, long bytesMax, Duration retention) {
        public Limits {
            if (countMax < 1 || bytesMax < 0 || !retention.isPositive()) {
                throw new IllegalArgumentException(
                        "at least one branch, for some time: "
                                + countMax
                                + ", "
                                + bytesMax
                                + " B, "
                                + retention);
            }
        }
    }

    /** What a branch has on disk. */
    public record Content(long files, long bytes) {}

    /** A branch that went, and which limit it was beyond. */
    public record Removed(Branch branch, String reason) {}

    /**
     * @param volumeDirectory the volume's; there need not be any branch yet
     */
    public Branches(Path volumeDirectory) {
        directory = volumeDirectory.resolve("branches");
        live = volumeDirectory.resolve("live").resolve(TREE);
    }

    /** The newest first. */
    public List<Branch> list() throws IOException {
        return entries().stream()
                .flatMap(path -> Branch.named(path.getFileName().toString()).stream())
                .sorted(Comparator.comparing(Branch::keptAt).thenComparing(Branch::last).reversed())
                .toList();
    }

    /** The branch of that name, if it is kept here. */
    public Optional<Branch> find(String name) throws IOException {
        return list().stream().filter(branch -> branch.name().equals(name)).findAny();
    }

    /** Where its files are. */
    public Path tree(Branch branch) {
        return of(branch).resolve(TREE);
    }

    /** Where the files are that replaced it, or what has replaced those since. */
    public Path liveTree() {
        return live;
    }

    /**
     * Whether it has only the files that this copy had touched alone: the others were, at that
     * moment, as the source had them.
     */
    public boolean isPartial(Branch branch) {
        return Files.exists(of(branch).resolve(PARTIAL));
    }

    static void markPartial(Path branch) throws IOException {
        Files.createFile(branch.resolve(PARTIAL));
        Directories.sync(branch);
    }

    /**
     * In what a branch and the live copy differ, by reading both; of a partial one, in the files
     * that it has.
     */
    public List<FileDifference> differences(Branch branch) throws IOException {
        return FileDifference.between(tree(branch), live, isPartial(branch));
    }

    /** A branch's files and their bytes; of one that is just being removed, what is left. */
    public Content content(Branch branch) throws IOException {
        var known = contents.get(branch);
        if (known != null) {
            return known;
        }
        var counted = count(branch);
        contents.put(branch, counted);
        return counted;
    }

    private Content count(Branch branch) throws IOException {
        var counting =
                new SimpleFileVisitor<Path>() {
                    private long files;
                    private long bytes;

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        files++;
                        bytes += attributes.isRegularFile() ? attributes.size() : 0;
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException failure)
                            throws IOException {
                        if (failure instanceof NoSuchFileException) {
                            return FileVisitResult.CONTINUE;
                        }
                        throw failure;
                    }
                };
        Files.walkFileTree(tree(branch), counting);
        return new Content(counting.files, counting.bytes);
    }

    /** Whether a person has read it. */
    public boolean isLookedAt(Branch branch) {
        return Files.exists(of(branch).resolve(LOOKED_AT));
    }

    /** A person has read it: nobody needs to be told of it any more. */
    public void lookedAt(Branch branch) throws IOException {
        try {
            Files.createFile(of(branch).resolve(LOOKED_AT));
        } catch (FileAlreadyExistsException _) {
            // Read once more.
        }
    }

    /**
     * Removes what is beyond the limits, the oldest first. One that a crash interrupts is not
     * listed any more, and goes at the next time.
     *
     * @return what went
     */
    public List<Removed> retain(Limits limits, Instant now) throws IOException {
        for (var path : entries()) {
            if (path.getFileName().toString().startsWith(REMOVED)) {
                Directories.deleteRecursively(path);
            }
        }
        var removed = new ArrayList<Removed>();
        long keptBytes = 0;
        int kept = 0;
        for (var branch : list()) {
            var age = Duration.between(branch.keptAt(), now);
            var bytes = content(branch).bytes();
            var reason =
                    age.compareTo(limits.retention()) > 0
                            ? Optional.of("it is older than " + limits.retention().toDays() + " d")
                            : kept >= limits.countMax()
                                    ? Optional.of("there are " + kept + " newer ones")
                                    : kept > 0 && keptBytes + bytes > limits.bytesMax()
                                            ? Optional.of(
                                                    "with it there would be %d MiB"
                                                            .formatted((keptBytes + bytes) >> 20))
                                            : Optional.<String>empty();
            if (reason.isPresent()) {
                var onItsWayOut = directory.resolve(REMOVED + branch.name());
                Files.move(of(branch), onItsWayOut);
                Directories.deleteRecursively(onItsWayOut);
                contents.remove(branch);
                removed.add(new Removed(branch, reason.get()));
            } else {
                kept++;
                keptBytes += bytes;
            }
        }
        return List.copyOf(removed);
    }

    private Path of(Branch branch) {
        return directory.resolve(branch.name());
    }

    private List<Path> entries() throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        } catch (NoSuchFileException _) {
            return List.of();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
