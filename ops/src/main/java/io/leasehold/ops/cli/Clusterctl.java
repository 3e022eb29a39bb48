package io.leasehold.ops.cli;

import io.leasehold.heartbeat.record.NodeName;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The program {@code clusterctl}. */
@Command(
        name = "clusterctl",
        description = "Asks and orders the Leasehold daemon of this node.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Exit codes, the same for every command:",
            "  0  done, or the answer is yes",
            "  1  failed: it was tried and did not work",
            "  2  usage: the command line is wrong",
            "  3  refused, with the reason and the rule",
            "  4  not ready, or degraded",
            "  5  the daemon is not reachable",
            "",
            "Example:",
            "  clusterctl status"
        })
public final class Clusterctl extends HelpOption {
    /** In the order of the help. */
    private static final Map<String, Function<Console, CommandLine>> COMMANDS = commands();

    private Clusterctl() {}

    public static void main(String[] arguments) {
        var code = run(Console.ofProcess(), arguments);
        System.out.flush();
        // Not by returning: a pending virtual machine shutdown would wait for the socket's threads.
        System.exit(code);
    }

    static int run(Console console, String... arguments) {
        var root = new CommandLine(new Clusterctl());
        // One command is a tenth of the classes of all; the others are needed for help and
        // mistakes.
        var only = arguments.length == 0 ? null : COMMANDS.get(arguments[0]);
        if (only != null) {
            root.addSubcommand(arguments[0], only.apply(console));
        } else {
            COMMANDS.forEach((name, command) -> root.addSubcommand(name, command.apply(console)));
        }
        return root.registerConverter(NodeName.class, NodeName::new)
                .setOut(console.out())
                .setErr(console.err())
                .setColorScheme(
                        CommandLine.Help.defaultColorScheme(
                                console.colour()
                                        ? CommandLine.Help.Ansi.ON
                                        : CommandLine.Help.Ansi.OFF))
                .execute(arguments);
    }

    private static Map<String, Function<Console, CommandLine>> commands() {
        var commands = new LinkedHashMap<String, Function<Console, CommandLine>>();
        commands.put("status", console -> new CommandLine(new StatusCommand(console)));
        commands.put("ready", console -> new CommandLine(new ReadyCommand(console)));
        commands.put("why", console -> new CommandLine(new WhyCommand(console)));
        commands.put("explain", console -> new CommandLine(new ExplainCommand(console)));
        commands.put("events", console -> new CommandLine(new EventsCommand(console)));
        commands.put("takeover", console -> new CommandLine(new TakeoverCommand(console)));
        commands.put("standby", console -> new CommandLine(new StandbyCommand(console)));
        commands.put("online", console -> new CommandLine(new OnlineCommand(console)));
        commands.put("cleanup", console -> new CommandLine(new CleanupCommand(console)));
        commands.put("maintenance", console -> new CommandLine(new MaintenanceCommand(console)));
        commands.put("fence", console -> new CommandLine(new FenceCommand(console)));
        commands.put(
                "confirm-fenced", console -> new CommandLine(new ConfirmFencedCommand(console)));
        commands.put("promote", console -> new CommandLine(new PromoteCommand(console)));
        commands.put("fleet", console -> new CommandLine(new FleetCommand(console)));
        commands.put("links", console -> new CommandLine(new LinksCommand(console)));
        commands.put(
                "volume",
                console ->
                        new CommandLine(new VolumeCommand())
                                .addSubcommand("status", new VolumeStatusCommand(console))
                                .addSubcommand("verify", new VolumeVerifyCommand(console))
                                .addSubcommand("resync", new VolumeResyncCommand(console)));
        commands.put(
                "branches",
                console ->
                        new CommandLine(new BranchesCommand())
                                .addSubcommand("list", new BranchesListCommand(console))
                                .addSubcommand("show", new BranchesShowCommand(console))
                                .addSubcommand("export", new BranchesExportCommand(console)));
        commands.put(
                "dhcp",
                console ->
                        new CommandLine(new DhcpCommand())
                                .addSubcommand("reload", new DhcpReloadCommand(console)));
        commands.put(
                "config",
                console ->
                        new CommandLine(new ConfigCommand())
                                .addSubcommand("check", new ConfigCheckCommand(console))
                                .addSubcommand("show", new ConfigShowCommand(console)));
        commands.put("restart", console -> new CommandLine(new RestartCommand(console)));
        commands.put("version", console -> new CommandLine(new VersionCommand(console)));
        return commands;
    }
}
