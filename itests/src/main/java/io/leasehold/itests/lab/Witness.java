package io.leasehold.itests.lab;

import io.leasehold.itests.lab.linux.Linux;
import io.leasehold.itests.lab.network.LabNode;
import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import io.leasehold.itests.lab.process.ProcessTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The third machine of a lab with arbiter zookeeper: a member of the ensemble and nothing else. */
public final class Witness {
    private static final String MEMBER_MAIN = "io.leasehold.ops.witness.Main";

    private final Lab lab;

    Witness(Lab lab) {
        this.lab = lab;
    }

    /** Starts its member, which is started again when it dies. No effect if the machine is on. */
    public void powerOn() throws IOException, InterruptedException {
        requireEnsemble();
        if (isOn()) {
            return;
        }
        var home = lab.directory().node(LabNode.WITNESS);
        // What a small machine of its own would have at these places.
        var command =
                new ArrayList<>(
                        List.of("unshare", "--mount", "--propagation=private", "--", "bash", "-c"));
        command.add(
                """
                set -e
                mkdir -p "$1/disk" /etc/leasehold
                mount -t tmpfs tmpfs /run
                mkdir -p /var/lib/leasehold
                mount --bind "$1/etc" /etc/leasehold
                mount --bind "$1/disk" /var/lib/leasehold
                exec "$2" --name witness
                """);
        command.addAll(List.of("witness", home.toString(), Installation.bin("witness").toString()));
        lab.startResident(
                lab.network().inside(LabNode.WITNESS, Command.of(command)).arguments(),
                lab.directory().path().resolve("witness.log"));
    }

    /** Pulls its plug; what its member had flushed stays. No effect if the machine is off. */
    public void powerOff() throws IOException, InterruptedException {
        requireEnsemble();
        Lab.await(
                "the witness to die",
                () -> {
                    // Again, because its script may just have started another member.
                    for (long pid : lab.network().members(LabNode.WITNESS)) {
                        Linux.kill(pid, Linux.SIGKILL);
                    }
                    return !isOn();
                });
    }

    public boolean isOn() throws IOException, InterruptedException {
        return !lab.network().members(LabNode.WITNESS).isEmpty();
    }

    /** kill -9 of its member, which its script then starts again; returns how many were killed. */
    public int killMember() throws IOException, InterruptedException {
        requireEnsemble();
        int killed = 0;
        for (long pid : lab.network().members(LabNode.WITNESS)) {
            if (ProcessTable.commandLine(pid).contains(MEMBER_MAIN)
                    && Linux.kill(pid, Linux.SIGKILL)) {
                killed++;
            }
        }
        return killed;
    }

    private void requireEnsemble() throws CommandException {
        if (lab.options().arbiter() != LabOptions.Arbiter.ZOOKEEPER) {
            throw new CommandException(
                    "this lab has no ensemble; `lab up --arbiter zookeeper` makes one");
        }
    }
}
