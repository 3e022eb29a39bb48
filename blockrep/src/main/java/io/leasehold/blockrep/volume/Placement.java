package io.leasehold.blockrep.volume;

/** A directory entry: one of the names of a file. */
public record Placement(FileId directory, Name name) implements Comparable<Placement> {

    @Override
    public int compareTo(Placement other) {
        int byDirectory = directory.compareTo(other.directory);
        return byDirectory != 0 ? byDirectory : name.compareTo(other.name);
    }
}
