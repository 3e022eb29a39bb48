package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.power.FenceBehaviour;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "disk",
        description =
                "Make the disk of a server fail, or whole again (needs lab up --faulty-disk).",
        footer = {"", "Example:  lab disk dhcp1 slow 200ms"})
final class DiskCommand extends LabCommand {
    /** What the disk shall do. */
    enum Behaviour {
        EIO,
        ENOSPC,
        SLOW,
        HEAL,
        STATUS
    }

    @Parameters(index = "0", paramLabel = "NODE", description = "dhcp1 or dhcp2")
    String node = "";

    @Parameters(index = "1", paramLabel = "BEHAVIOUR", description = "${COMPLETION-CANDIDATES}")
    Behaviour behaviour = Behaviour.STATUS;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "DURATION",
            description = "of every request, with slow; for example 200ms")
    @Nullable String delay;

    @Override
    int run() throws IOException, InterruptedException {
        var disk = lab().node(node).disk();
        switch (behaviour) {
            case EIO -> disk.failIo();
            case ENOSPC -> disk.failSpace();
            case SLOW -> {
                var duration = delay;
                if (duration == null) {
                    throw new IllegalArgumentException("how slow? say for example slow 200ms");
                }
                disk.slow(FenceBehaviour.parseDuration(duration));
            }
            case HEAL -> disk.heal();
            case STATUS -> {}
        }
        var status = disk.status();
        answer("disk of %s: %s".formatted(node, status), object("node", node, "disk", status));
        return DONE;
    }
}
