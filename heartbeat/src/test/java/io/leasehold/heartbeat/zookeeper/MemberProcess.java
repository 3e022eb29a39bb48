package io.leasehold.heartbeat.zookeeper;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A member as a process of its own: {@code SELF DIRECTORY [IDENTITY TRUSTED]}. */
final class MemberProcess {
    static final int TICK_MILLIS = 50;

    private MemberProcess() {}

    static List<MemberConfiguration.Peer> peers() {
        return List.of(peer(1), peer(2), peer(3));
    }

    private static MemberConfiguration.Peer peer(int id) {
        return new MemberConfiguration.Peer(id, "127.0.0." + id, 2181, 2888, 3888);
    }

    public static void main(String[] args) throws IOException {
        Member.run(
                new MemberConfiguration(
                        Integer.parseInt(args[0]),
                        peers(),
                        Path.of(args[1]),
                        TICK_MILLIS,
                        args.length > 2
                                ? Optional.of(
                                        new EnsembleAccess.TlsFiles(
                                                Path.of(args[2]), Path.of(args[3])))
                                : Optional.empty()));
    }
}
