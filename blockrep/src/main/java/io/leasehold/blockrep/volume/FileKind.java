package io.leasehold.blockrep.volume;

import io.leasehold.blockrep.linux.FileStatus;
import java.util.Optional;

/** What a file is. */
public enum FileKind {
    FILE(FileStatus.TYPE_FILE),
    DIRECTORY(FileStatus.TYPE_DIRECTORY),
    SYMLINK(FileStatus.TYPE_SYMLINK),
    FIFO(FileStatus.TYPE_FIFO),
    SOCKET(FileStatus.TYPE_SOCKET);

    private final int typeBits;

    FileKind(int typeBits) {
        this.typeBits = typeBits;
    }

    /** The type bits of st_mode. */
    public int typeBits() {
        return typeBits;
    }

    /** The kind with these type bits of st_mode; devices have none. */
    public static Optional<FileKind> ofTypeBits(int typeBits) {
        for (var kind : values()) {
            if (kind.typeBits == typeBits) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    static FileKind of(Operation.NodeKind kind) {
        return switch (kind) {
            case FIFO -> FIFO;
            case SOCKET -> SOCKET;
        };
    }
}
