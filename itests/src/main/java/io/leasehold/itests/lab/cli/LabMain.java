package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.process.CommandException;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/** The {@code lab} command. */
@Command(
        name = "lab",
        description = "Two boxes, clients and cables in network namespaces of this machine.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        subcommands = {
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            ExecCommand.class,
            PowerOffCommand.class,
            PowerOnCommand.class,
            ShutDownCommand.class,
            CutCommand.class,
            HealCommand.class,
            KillCommand.class,
            PauseCommand.class,
            ResumeCommand.class,
            FenceDeviceCommand.class,
            DiskCommand.class,
            ChaosCommand.class,
            ClientsCommand.class,
            RenewCommand.class,
            OutageCommand.class,
        },
        footer = {
            "",
            "Exit status: 0 done, 1 failed, 2 usage; `exec` and `outage` have that of their command.",
            "",
            "Example:",
            "  lab up --profile fast && lab clients 200 && lab outage -- lab power-off dhcp1"
        })
public final class LabMain implements Runnable {
    private static final int USAGE = 2;

    @CommandLine.Spec private CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

    private LabMain() {}

    public static void main(String[] arguments) {
        var commandLine = new CommandLine(new LabMain());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setExecutionExceptionHandler(LabMain::report);
        System.exit(commandLine.execute(arguments));
    }

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "which command?");
        }
    }

    /** A failure that we foresaw is a sentence; any other is a stack trace, for us to mend. */
    private static int report(
            Exception failure, CommandLine commandLine, CommandLine.ParseResult arguments)
            throws Exception {
        return switch (failure) {
            case CommandException e -> {
                System.err.println("lab: " + e.getMessage());
                yield LabCommand.FAILED;
            }
            case IllegalArgumentException e -> {
                System.err.println("lab: " + e.getMessage());
                yield USAGE;
            }
            case IOException e -> {
                System.err.println("lab: " + e);
                yield LabCommand.FAILED;
            }
            default -> throw failure;
        };
    }
}
