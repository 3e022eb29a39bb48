package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.linux.Linux;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Whole directories: removing one, moving one, and having two change places. */
public final class Directories {

    private Directories() {}

    /** Removes a directory with all that is in it; nothing happens if there is none. */
    public static void deleteRecursively(Path directory) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(
                directory,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException failure) throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        Files.delete(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    /** An entry gets another name, which nothing has yet, at one instant; durable on return. */
    public static void move(Path from, String name, Path to, String newName) throws IOException {
        Files.move(from.resolve(name), to.resolve(newName), StandardCopyOption.ATOMIC_MOVE);
        sync(to);
        sync(from);
    }

    /** Makes a directory's entries durable. */
    public static void sync(Path directory) throws IOException {
        int descriptor = Linux.open(directory, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        try {
            Linux.fsync(descriptor);
        } finally {
            Linux.close(descriptor);
        }
    }

    /** Two entries of a directory change places at one instant; durable on return. */
    static void exchange(Path parent, String one, String other) throws IOException {
        int descriptor = Linux.open(parent, Linux.O_RDONLY | Linux.O_DIRECTORY, 0);
        try {
            Linux.renameat2(
                    descriptor,
                    one.getBytes(StandardCharsets.UTF_8),
                    descriptor,
                    other.getBytes(StandardCharsets.UTF_8),
                    Linux.RENAME_EXCHANGE);
            Linux.fsync(descriptor);
        } finally {
            Linux.close(descriptor);
        }
    }
}
