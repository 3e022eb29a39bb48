package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.linux.Linux;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A replica in the making, beside the live one: a resync installs the source's files in it, and
 * nobody sees it before {@link Volume#exchangeWith}.
 *
 * <p>The copy may be fuzzy: contents may be read from the source while operations go on there.
 * {@link #finish} redoes the operations since the manifest, which makes it exact.
 *
 * <p>Not thread-safe.
 */
public final class Shadow implements AutoCloseable {

    private final Backing backing;
    private final List<FileImage> installed = new ArrayList<>();
    private Seq applied = Seq.NONE;

    Shadow(Backing backing) {
        this.backing = backing;
    }

    /**
     * Makes a file with its attributes, without content. In any order, the root too, each file
     * once.
     */
    public void install(FileImage file) throws IOException {
        if (!file.id().equals(FileId.ROOT)) {
            backing.make(file.id(), file.kind(), file.target());
        }
        backing.setOwner(file.id(), file.access().uid(), file.access().gid());
        backing.setPermissions(file.id(), file.access().permissions());
        for (var xattr : file.xattrs().entrySet()) {
            backing.setXattr(file.id(), xattr.getKey(), xattr.getValue());
        }
        if (file.kind() == FileKind.FILE) {
            backing.truncate(file.id(), file.sizeBytes());
        }
        installed.add(file);
        backing.trim();
    }

    /** Writes content of an installed file. What is never written stays a hole. */
    public void write(FileId id, long offsetBytes, Bytes data) throws IOException {
        backing.writeContent(id, data.unsafeArray(), offsetBytes);
        backing.trim();
    }

    /**
     * Gives all files their names and times, and carries out what happened since.
     *
     * @param base the manifest's place in the order
     * @param nextId the manifest's next id
     * @param since all operations behind {@code base} whose effects may be in the copied contents,
     *     or more
     */
    public void finish(Seq base, FileId nextId, History since) throws IOException {
        for (var file : installed) {
            for (int i = 0; i < file.names().size(); i++) {
                var place = file.names().get(i);
                if (i == 0) {
                    backing.place(file.id(), place.directory(), place.name());
                } else {
                    backing.addName(file.id(), place.directory(), place.name());
                }
            }
            if (file.isOrphan()) {
                backing.makeOrphan(file.id());
            }
            backing.trim();
        }
        for (var file : installed) {
            backing.setTimes(file.id(), file.accessTimeNanos(), Linux.TIME_OMIT);
            backing.touch(file.id(), file.modifyTimeNanos());
            backing.trim();
        }
        backing.reserveIdsBelow(nextId);
        applied = Redo.run(backing, base, since);
    }

    /** The last operation that is in it. */
    public Seq applied() {
        return applied;
    }

    Backing backing() {
        return backing;
    }

    /** Gives up. Not after {@link Volume#exchangeWith}. */
    @Override
    public void close() {
        backing.close();
    }
}
