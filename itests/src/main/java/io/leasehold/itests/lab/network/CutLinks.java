package io.leasehold.itests.lab.network;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which links are cut, kept in a file, so that a server that is switched on finds its cables as
 * they were left. One line for each: {@code crossover cut} or {@code lan-dhcp1 from dhcp1}.
 */
public final class CutLinks {
    private static final String BOTH_WAYS = "cut";
    private static final String ONE_WAY = "from";

    private final Path file;
    private final Set<Link> pulled = EnumSet.noneOf(Link.class);
    private final Map<Link, Set<LabNode>> mute = new EnumMap<>(Link.class);

    private CutLinks(Path file) {
        this.file = file;
    }

    /** Reads the file; nothing is cut if there is none. */
    public static CutLinks read(Path file) throws IOException {
        var cuts = new CutLinks(file);
        if (Files.exists(file)) {
            for (var line : Files.readAllLines(file)) {
                var words = line.split(" ", -1);
                var link = Link.of(words[0]);
                switch (words[1]) {
                    case BOTH_WAYS -> cuts.pulled.add(link);
                    case ONE_WAY -> cuts.mutedSenders(link).add(LabNode.of(words[2]));
                    default -> throw new IOException(file + ": what is '" + line + "'?");
                }
            }
        }
        return cuts;
    }

    /** Links that are cut both ways. */
    public Set<Link> pulled() {
        return Set.copyOf(pulled);
    }

    /** Those whose frames are lost on a link that keeps its carrier. */
    public Set<LabNode> muteSenders(Link link) {
        return Set.copyOf(mute.getOrDefault(link, Set.of()));
    }

    public void pull(Link link) throws IOException {
        pulled.add(link);
        write();
    }

    public void mute(Link link, LabNode sender) throws IOException {
        mutedSenders(link).add(sender);
        write();
    }

    public void heal(Link link) throws IOException {
        pulled.remove(link);
        mute.remove(link);
        write();
    }

    private Set<LabNode> mutedSenders(Link link) {
        return mute.computeIfAbsent(link, _ -> EnumSet.noneOf(LabNode.class));
    }

    private void write() throws IOException {
        var lines =
                pulled.stream()
                        .map(link -> link.label() + " " + BOTH_WAYS)
                        .collect(Collectors.toList());
        mute.forEach((link, senders) ->
                senders.forEach(sender ->
                        lines.add("%s %s %s".formatted(link.label(), ONE_WAY, sender.label()))));
        Files.write(file, lines);
    }
}
