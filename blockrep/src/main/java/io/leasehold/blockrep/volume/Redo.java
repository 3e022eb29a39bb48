package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.volume.Operation.Barrier;
import io.leasehold.blockrep.volume.Operation.Create;
import io.leasehold.blockrep.volume.Operation.Exchange;
import io.leasehold.blockrep.volume.Operation.Fallocate;
import io.leasehold.blockrep.volume.Operation.Link;
import io.leasehold.blockrep.volume.Operation.MakeDirectory;
import io.leasehold.blockrep.volume.Operation.MakeNode;
import io.leasehold.blockrep.volume.Operation.NodeKind;
import io.leasehold.blockrep.volume.Operation.Reap;
import io.leasehold.blockrep.volume.Operation.RemoveDirectory;
import io.leasehold.blockrep.volume.Operation.RemoveXattr;
import io.leasehold.blockrep.volume.Operation.Rename;
import io.leasehold.blockrep.volume.Operation.SetAttributes;
import io.leasehold.blockrep.volume.Operation.SetXattr;
import io.leasehold.blockrep.volume.Operation.SymbolicLink;
import io.leasehold.blockrep.volume.Operation.Unlink;
import io.leasehold.blockrep.volume.Operation.Write;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Brings a backing directory to the state after a history, from any state on the way there: some of
 * the effects of the history's operations may be in it already, in any mixture. Doing it twice, or
 * being killed in the middle and starting again, ends the same.
 *
 * <p>How: a name's owner is decided by the last operation of the history that touched the name; a
 * name that none touched keeps its owner. So first all operations are <em>folded</em> into the
 * wanted owner of each touched name, without looking at files. Then the directory is brought to
 * that in four steps: (1) names with a wrong owner are taken away, and a file that would lose its
 * last name waits in limbo; (2) files that should live but are missing are made; (3) files get
 * their missing names; (4) what is left in limbo is dead and is removed. Only then the content and
 * attribute operations are carried out in order, on the files that live, each by its id. For bytes
 * and attributes the last operation wins as well.
 *
 * <p>So of "write a; rename a→b; create a", found with everything done already, the first write
 * goes to the file that is called b by now.
 *
 * <p>Why no file is missing that should live: it has had a name at every moment since the state
 * before the history, a journalling file system brings names back as they were at one moment, and
 * operations reach the directory only after the journal (so it knows nothing that the history does
 * not).
 */
final class Redo {

    private final Backing backing;
    private final Patch patch;
    private final Map<FileId, Map<Name, Optional<FileId>>> wantedEntries = new HashMap<>();
    private final Map<FileId, Operation> creations = new HashMap<>();
    private final Set<FileId> wantedOrphans = new TreeSet<>();
    private final Map<FileId, Set<Placement>> wantedNames = new TreeMap<>();
    private final Map<FileId, Map<Bytes, Optional<Bytes>>> wantedXattrs = new TreeMap<>();
    private final Set<FileId> alive = new HashSet<>();

    private Redo(Backing backing, Patch patch) {
        this.backing = backing;
        this.patch = patch;
    }

    static Seq run(Backing backing, Seq checkpoint, History history) throws IOException {
        return run(backing, Patch.NONE, checkpoint, history);
    }

    /**
     * @param patch is carried out first; with it the directory is on the way to the state after the
     *     history. Of its files nothing that is found counts but the content that is not in it
     * @return the place of the last operation, or {@code checkpoint} if there is none
     * @throws DamagedVolumeException if the directory was not on the way
     */
    static Seq run(Backing backing, Patch patch, Seq checkpoint, History history)
            throws IOException {
        var redo = new Redo(backing, patch);
        redo.discard();
        redo.foldPatch();
        var last = redo.fold(checkpoint, history);
        redo.decideWhoLives();
        redo.fixNames();
        redo.applyPatch();
        history.forEach((_, operation) -> redo.applyContent(operation));
        redo.fixXattrs();
        backing.flushTimes();
        return last;
    }

    /** Redone after a crash it removes what it made itself, and makes that again as a whole. */
    private void discard() throws IOException {
        for (var id : patch.discarded()) {
            if (backing.has(id)) {
                backing.discard(id);
                backing.trim();
            }
        }
        if (!patch.files().isEmpty()) {
            backing.resetNextId(patch.manifest().nextId());
        }
    }

    /** The files of a patch have the names that it says, and no other. */
    private void foldPatch() {
        for (var image : patch.manifest().files()) {
            for (var place : image.names()) {
                want(place.directory(), place.name(), Optional.of(image.id()));
            }
            if (image.isOrphan()) {
                wantedOrphans.add(image.id());
            }
            if (!image.id().equals(FileId.ROOT)) {
                creations.put(image.id(), creationOf(image));
                backing.reserveIdsBelow(new FileId(image.id().value() + 1));
            }
        }
    }

    /** What would have made the file. Its name does not matter: names are given apart. */
    private static Operation creationOf(FileImage image) {
        var name = Name.of("any");
        long time = image.modifyTimeNanos();
        var access = image.access();
        return switch (image.kind()) {
            case FILE -> new Create(time, FileId.ROOT, name, image.id(), access);
            case DIRECTORY -> new MakeDirectory(time, FileId.ROOT, name, image.id(), access);
            case SYMLINK ->
                    new SymbolicLink(
                            time,
                            FileId.ROOT,
                            name,
                            image.id(),
                            access.uid(),
                            access.gid(),
                            image.target());
            case FIFO -> new MakeNode(time, FileId.ROOT, name, image.id(), access, NodeKind.FIFO);
            case SOCKET ->
                    new MakeNode(time, FileId.ROOT, name, image.id(), access, NodeKind.SOCKET);
        };
    }

    private void applyPatch() throws IOException {
        for (var image : patch.manifest().files()) {
            if (image.kind() == FileKind.FILE && alive.contains(image.id())) {
                backing.truncate(image.id(), image.sizeBytes());
                backing.trim();
            }
        }
        patch.content()
                .forEachPiece((id, offsetBytes, content) -> {
                    if (alive.contains(id)) {
                        backing.writeContent(id, content, offsetBytes);
                        backing.trim();
                    }
                });
        for (var image : patch.manifest().files()) {
            if (alive.contains(image.id())) {
                backing.setAllAttributes(image);
                backing.trim();
            }
        }
    }

    private Seq fold(Seq checkpoint, History history) throws IOException {
        for (var node : backing.nodes().entrySet()) {
            if (!patch.files().contains(node.getKey())
                    && node.getValue()
                            .names
                            .contains(Backing.idPlacement(Backing.ORPHANS, node.getKey()))) {
                wantedOrphans.add(node.getKey());
            }
        }
        var last = new Seq[] {checkpoint};
        history.forEach((seq, operation) -> {
            if (!seq.equals(last[0].next())) {
                throw new DamagedVolumeException("operation " + seq + " follows on " + last[0]);
            }
            last[0] = seq;
            fold(operation);
        });
        return last[0];
    }

    private void fold(Operation operation) {
        switch (operation) {
            case Create o -> created(o.id(), o.parent(), o.name(), o);
            case MakeDirectory o -> created(o.id(), o.parent(), o.name(), o);
            case SymbolicLink o -> created(o.id(), o.parent(), o.name(), o);
            case MakeNode o -> created(o.id(), o.parent(), o.name(), o);
            case Link o -> want(o.parent(), o.name(), Optional.of(o.id()));
            case Unlink o -> {
                want(o.parent(), o.name(), Optional.empty());
                if (o.becomesOrphan()) {
                    wantedOrphans.add(o.id());
                }
            }
            case RemoveDirectory o -> want(o.parent(), o.name(), Optional.empty());
            case Rename o -> {
                want(o.parent(), o.name(), Optional.empty());
                want(o.newParent(), o.newName(), Optional.of(o.id()));
                if (o.replaced().isPresent() && o.replaced().get().becomesOrphan()) {
                    wantedOrphans.add(o.replaced().get().id());
                }
            }
            case Exchange o -> {
                want(o.parent(), o.name(), Optional.of(o.otherId()));
                want(o.otherParent(), o.otherName(), Optional.of(o.id()));
            }
            case Reap o -> wantedOrphans.remove(o.id());
            case SetXattr o -> wantXattr(o.id(), o.name(), Optional.of(o.value()));
            case RemoveXattr o -> wantXattr(o.id(), o.name(), Optional.empty());
            case Write _, SetAttributes _, Fallocate _, Barrier _ -> {}
        }
    }

    private void wantXattr(FileId id, Bytes name, Optional<Bytes> value) {
        wantedXattrs.computeIfAbsent(id, _ -> new TreeMap<>()).put(name, value);
    }

    private void created(FileId id, FileId parent, Name name, Operation creation) {
        want(parent, name, Optional.of(id));
        creations.put(id, creation);
        backing.reserveIdsBelow(new FileId(id.value() + 1));
    }

    private void want(FileId parent, Name name, Optional<FileId> owner) {
        wantedEntries.computeIfAbsent(parent, _ -> new HashMap<>()).put(name, owner);
    }

    /** Goes through the wanted tree from the root: who is reached, lives. */
    private void decideWhoLives() throws IOException {
        var found = new HashMap<FileId, Map<Name, FileId>>();
        for (var node : backing.nodes().entrySet()) {
            if (patch.files().contains(node.getKey())) {
                continue;
            }
            for (var place : node.getValue().names) {
                found.computeIfAbsent(place.directory(), _ -> new HashMap<>())
                        .put(place.name(), node.getKey());
            }
        }
        var pending = new ArrayDeque<FileId>(List.of(FileId.ROOT));
        alive.add(FileId.ROOT);
        while (!pending.isEmpty()) {
            var directory = pending.remove();
            var entries = new HashMap<Name, FileId>(found.getOrDefault(directory, Map.of()));
            wantedEntries
                    .getOrDefault(directory, Map.of())
                    .forEach((name, owner) -> {
                        if (owner.isPresent()) {
                            entries.put(name, owner.get());
                        } else {
                            entries.remove(name);
                        }
                    });
            for (var entry : entries.entrySet()) {
                var id = entry.getValue();
                wantedNames
                        .computeIfAbsent(id, _ -> new TreeSet<>())
                        .add(new Placement(directory, entry.getKey()));
                boolean isDirectory = isDirectory(id, entry.getKey());
                if (alive.add(id)) {
                    if (isDirectory) {
                        pending.add(id);
                    }
                } else if (isDirectory) {
                    throw new DamagedVolumeException("directory " + id + " has two names");
                }
            }
        }
        for (var orphan : wantedOrphans) {
            isDirectory(orphan, Name.of("orphan"));
            alive.add(orphan);
            wantedNames
                    .computeIfAbsent(orphan, _ -> new TreeSet<>())
                    .add(Backing.idPlacement(Backing.ORPHANS, orphan));
        }
    }

    private boolean isDirectory(FileId id, Name name) throws IOException {
        var node = backing.nodes().get(id);
        if (node != null) {
            return node.kind == FileKind.DIRECTORY;
        }
        var creation = creations.get(id);
        if (creation == null) {
            throw new DamagedVolumeException("file " + id + " (\"" + name + "\") is missing");
        }
        return creation instanceof MakeDirectory;
    }

    private void fixNames() throws IOException {
        for (var id : List.copyOf(backing.nodes().keySet())) {
            if (!id.equals(FileId.ROOT)) {
                takeWrongNames(id);
                backing.trim();
            }
        }
        for (var creation : creations.entrySet()) {
            if (alive.contains(creation.getKey()) && !backing.has(creation.getKey())) {
                backing.make(creation.getValue());
                backing.trim();
            }
        }
        for (var wanted : wantedNames.entrySet()) {
            giveMissingNames(wanted.getKey(), wanted.getValue());
            backing.trim();
        }
        for (var id : List.copyOf(backing.nodes().keySet())) {
            if (!alive.contains(id)) {
                var place = Backing.idPlacement(Backing.LIMBO, id);
                backing.removeName(id, place.directory(), place.name(), false);
            }
        }
    }

    private void takeWrongNames(FileId id) throws IOException {
        var wanted = wantedNames.getOrDefault(id, Set.of());
        var limbo = Backing.idPlacement(Backing.LIMBO, id);
        var node = backing.nodes().get(id);
        if (node == null) {
            return;
        }
        for (var place : List.copyOf(node.names)) {
            if (wanted.contains(place) || (place.equals(limbo) && node.names.size() == 1)) {
                continue;
            }
            if (node.names.size() > 1) {
                backing.removeName(id, place.directory(), place.name(), false);
            } else {
                backing.moveToLimbo(id, place);
            }
        }
    }

    private void giveMissingNames(FileId id, Set<Placement> wanted) throws IOException {
        var node = backing.nodes().get(id);
        if (node == null) {
            throw new DamagedVolumeException("file " + id + " is missing");
        }
        var missing = new ArrayList<>(wanted);
        missing.removeAll(node.names);
        for (var place : missing) {
            if (node.names.contains(Backing.idPlacement(Backing.LIMBO, id))) {
                backing.place(id, place.directory(), place.name());
            } else {
                backing.addName(id, place.directory(), place.name());
            }
        }
    }

    private void applyContent(Operation operation) throws IOException {
        switch (operation) {
            case Create o -> file(o.id(), o.parent(), o.timeNanos(), o);
            case MakeDirectory o -> file(o.id(), o.parent(), o.timeNanos(), o);
            case SymbolicLink o -> file(o.id(), o.parent(), o.timeNanos(), o);
            case MakeNode o -> file(o.id(), o.parent(), o.timeNanos(), o);
            case Link o -> touch(o.parent(), o.timeNanos());
            case Unlink o -> touch(o.parent(), o.timeNanos());
            case RemoveDirectory o -> touch(o.parent(), o.timeNanos());
            case Rename o -> {
                touch(o.parent(), o.timeNanos());
                touch(o.newParent(), o.timeNanos());
            }
            case Exchange o -> {
                touch(o.parent(), o.timeNanos());
                touch(o.otherParent(), o.timeNanos());
            }
            case Write o -> file(o.id(), o);
            case SetAttributes o -> file(o.id(), o);
            case Fallocate o -> file(o.id(), o);
            case SetXattr _, RemoveXattr _, Reap _, Barrier _ -> {}
        }
    }

    /**
     * Attributes share one block of limited size: carried out in order, an attribute that was
     * removed later could find no room beside those that came after it.
     */
    private void fixXattrs() throws IOException {
        for (var wanted : wantedXattrs.entrySet()) {
            var id = wanted.getKey();
            if (!alive.contains(id)) {
                continue;
            }
            for (var name : wanted.getValue().keySet()) {
                backing.removeXattr(id, name);
            }
            for (var xattr : wanted.getValue().entrySet()) {
                if (xattr.getValue().isPresent()) {
                    backing.setXattr(id, xattr.getKey(), xattr.getValue().get());
                }
            }
            backing.trim();
        }
    }

    private void file(FileId id, FileId parent, long timeNanos, Operation creation)
            throws IOException {
        file(id, creation);
        touch(parent, timeNanos);
    }

    private void file(FileId id, Operation operation) throws IOException {
        if (alive.contains(id)) {
            backing.applyToFile(operation);
            backing.trim();
        }
    }

    private void touch(FileId directory, long timeNanos) {
        if (alive.contains(directory)) {
            backing.touch(directory, timeNanos);
        }
    }
}
