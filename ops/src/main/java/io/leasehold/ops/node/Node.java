package io.leasehold.ops.node;

import io.leasehold.blockrep.ReplicatedVolume;
import io.leasehold.heartbeat.address.GratuitousArp;
import io.leasehold.heartbeat.agent.FenceAgents;
import io.leasehold.heartbeat.agent.FenceDevice;
import io.leasehold.heartbeat.controller.Controller;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.fencing.FenceAction;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.history.FlightRecorder;
import io.leasehold.heartbeat.history.FlightRecorderOptions;
import io.leasehold.heartbeat.keeper.KeeperClient;
import io.leasehold.heartbeat.keeper.KeeperState;
import io.leasehold.heartbeat.linux.Clocks;
import io.leasehold.heartbeat.linux.LinuxException;
import io.leasehold.heartbeat.linux.Processes;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.arbiter.fencing.FencingArbiter;
import io.leasehold.heartbeat.record.arbiter.operator.OperatorArbiter;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZookeeperArbiter;
import io.leasehold.heartbeat.resource.ResourceName;
import io.leasehold.heartbeat.state.StateFile;
import io.leasehold.ops.config.Configuration;
import io.leasehold.ops.config.EffectiveSetting;
import io.leasehold.ops.control.ControlServer;
import io.leasehold.ops.install.MachineCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running node, put together and taken apart. {@link #run} returns when it was taken apart in
 * order; when the node may not go on, the process is halted, and the keeper silences what it left.
 */
final class Node {
    private static final Logger log = LoggerFactory.getLogger(Node.class);

    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    /** A wake-up of the controller that is later than this counts as a pause. */
    private static final Duration GAP = Duration.ofMillis(400);

    /** How often the secondary rehearses a promotion, and the clocks are compared. */
    private static final Duration REHEARSAL_INTERVAL = Duration.ofSeconds(5);

    /** The keeper restarts a daemon that ends like this. */
    private static final int EXIT_MUST_NOT_GO_ON = 70;

    /** The same, by order; for whoever reads the keeper's log. */
    private static final int EXIT_RESTART = 71;

    /** In which an answer reaches its caller, and the history its file. */
    private static final Duration RESTART_PAUSE = Duration.ofMillis(100);

    private final Settings settings;
    private final String configurationFile;
    private final List<EffectiveSetting> effective;
    private final InstantSource wallClock = InstantSource.system();
    private final long startedNanos = System.nanoTime();
    private final Mailbox mailbox = new Mailbox();
    private final CountDownLatch ended = new CountDownLatch(1);

    Node(Settings settings, String configurationFile, List<EffectiveSetting> effective) {
        this.settings = settings;
        this.configurationFile = configurationFile;
        this.effective = effective;
    }

    /**
     * Runs the node until it has handed over and stopped.
     *
     * @throws IOException what is needed is missing or broken; the node never began to take part
     */
    void run(Path keeperSocket) throws IOException, InterruptedException {
        Thread.setDefaultUncaughtExceptionHandler(new UncaughtErrors(Node::mustNotGoOn));
        var configuration = settings.configuration();
        Thread.ofPlatform().daemon().name("rehearsal-volume").start(this::rehearseVolume);
        for (var directory :
                List.of(
                        configuration.paths().stateDirectory(),
                        configuration.paths().runDirectory(),
                        configuration.paths().logDirectory(),
                        configuration.history().directory())) {
            Files.createDirectories(directory);
        }
        try (var recorder = FlightRecorder.start(recorderOptions(), wallClock, System::nanoTime);
                var rights =
                        StateFile.open(configuration.paths().stateDirectory().resolve("rights"))) {
            var history = new Journalist(recorder);
            var processes = new Slot<KeeperProcesses>();
            var volumeSlot = new Slot<ReplicatedVolume>();
            var keeperEvents =
                    new KeeperEvents(
                            configuration,
                            settings.self(),
                            mailbox,
                            exit -> processes.ifFilled(known -> known.exited(exit)),
                            reason ->
                                    mailbox.accept(
                                            new Event.ClockGap(
                                                    GAP.toNanos(),
                                                    WallClocks.read(System.nanoTime()))),
                            new KeeperEvents.Ends() {
                                @Override
                                public void stoodDown(String reason) {
                                    mustNotGoOn(
                                            new IllegalStateException(
                                                    "the keeper stood down: " + reason));
                                }

                                @Override
                                public void keeperLost(String reason) {
                                    endWithoutKeeper(processes.get(), volumeSlot.get(), reason);
                                }
                            },
                            history);
            try (var keeper = KeeperClient.attach(keeperSocket, keeperEvents)) {
                endWhatCannotBeHandedOn(keeper, history, recorder);
                keeper.starting("configures the keeper");
                keeper.configureSupervision(settings.supervision());
                keeper.configureWatchdog(settings.watchdog());
                processes.fill(new KeeperProcesses(keeper));
                keeper.configureGate(settings.gate());
                keeper.watchInterfaces(
                        Set.copyOf(configuration.trackInterfaces().of(settings.self())));
                var peer =
                        new PeerTalk(
                                message ->
                                        volumeSlot
                                                .get()
                                                .map(volume -> volume.sendToPeer(message))
                                                .orElse(false),
                                mailbox);
                var bootId = Files.readString(BOOT_ID).strip();
                keeper.starting("opens journal and volume");
                try (var volume = openVolume(bootId, new VolumeEvents(mailbox, peer, history))) {
                    volumeSlot.fill(volume);
                    keeper.starting("puts the node together");
                    // Beats are heard from here on. The first one of ours leaves when the
                    // controller has said what to tell.
                    keeper.configureLinks(settings.links());
                    new Running(
                                    bootId,
                                    recorder,
                                    history,
                                    rights,
                                    keeperEvents,
                                    keeper,
                                    keeper.state(),
                                    processes.get().orElseThrow(),
                                    peer,
                                    volume)
                            .serve();
                }
                keeper.endWithDaemon();
            }
        }
    }

    private ReplicatedVolume openVolume(String bootId, VolumeEvents events) throws IOException {
        try {
            return ReplicatedVolume.open(settings.volume(bootId), events);
        } catch (IOException e) {
            // It is this process that leaves the keeper, with time to say why, and what a
            // predecessor left to the keeper is left there.
            ended.countDown();
            throw e;
        }
    }

    /**
     * The kernel has sent SIGKILL to the keeper's processes (parent-death signal); once more from
     * us, because only after that may their requests be aborted. One that waits in the volume ends
     * then, without having returned to its own code.
     */
    private void endWithoutKeeper(
            Optional<KeeperProcesses> processes, Optional<ReplicatedVolume> volume, String reason) {
        if (ended.getCount() == 0) {
            return; // we ended first, and the keeper after us
        }
        processes.ifPresent(KeeperProcesses::killAll);
        volume.ifPresent(mounted -> {
            try {
                mounted.unmount(true);
            } catch (IOException | RuntimeException e) {
                log.error("the mount could not be aborted: {}", e.getMessage());
            }
        });
        mustNotGoOn(new IllegalStateException("the keeper is gone: " + reason));
    }

    /**
     * Below Linux 6.9 nobody can go on with the mount of the daemon before: what waits in it, the
     * DHCP server above all, could not even be stopped. So that is ended by force, before anything
     * else, and a successor begins with nothing.
     */
    private static void endWhatCannotBeHandedOn(
            KeeperClient keeper, Journalist history, FlightRecorder recorder) throws IOException {
        var kernel = MachineCheck.runningKernel();
        var held = keeper.state().fuse();
        if (held.isPresent() && !MachineCheck.canHandAMountOn(kernel)) {
            standDown(
                    keeper,
                    history,
                    recorder,
                    "this kernel (%s) cannot hand the mount at %s on to another daemon (Linux 6.9 can)"
                            .formatted(kernel, held.get().mountPoint()));
        }
    }

    /** Makes this node silent by force, and ends this process. */
    private static void standDown(
            KeeperClient keeper, Journalist history, FlightRecorder recorder, String reason) {
        history.observed("daemon", "this node is made silent by force", reason);
        log.error("cannot go on in an orderly way, standing down: {}", reason);
        try {
            keeper.standDown(reason);
        } catch (IOException e) {
            log.error("the keeper did not stand down: {}", e.getMessage());
        }
        // Not before: now there is time to write down why.
        recorder.close();
        mustNotGoOn(new IllegalStateException("self-fenced: " + reason));
    }

    /** Beside the start of everything else: clients wait for a daemon that is restarted. */
    private void rehearseVolume() {
        try {
            ReplicatedVolume.rehearse(settings.identity());
        } catch (IOException | RuntimeException e) {
            // The real start fails in the same way, and tells whom it concerns.
            log.debug("the rehearsal failed: {}", e.getMessage());
        }
    }

    private FlightRecorderOptions recorderOptions() {
        var history = settings.configuration().history();
        return new FlightRecorderOptions(
                history.directory(),
                settings.self().value(),
                history.sizeBytesMax(),
                history.retention(),
                history.freeBytesMin());
    }

    /** The node with everything open that it stands on. */
    private final class Running implements EffectShell.Ending {
        private final String bootId;
        private final FlightRecorder recorder;
        private final Journalist history;
        private final StateFile rights;
        private final KeeperEvents keeperEvents;
        private final KeeperClient keeper;
        private final KeeperState carriedOver;
        private final PeerTalk peer;
        private final ReplicatedVolume volume;
        private final PeerClock clock;
        private final DhcpService dhcp;
        private final KeptBranches branches;
        private final Slot<ControlDesk> desk = new Slot<>();
        private final Slot<ControllerLoop> loopSlot = new Slot<>();
        private long lastProofBytes;

        Running(
                String bootId,
                FlightRecorder recorder,
                Journalist history,
                StateFile rights,
                KeeperEvents keeperEvents,
                KeeperClient keeper,
                KeeperState carriedOver,
                KeeperProcesses processes,
                PeerTalk peer,
                ReplicatedVolume volume) {
            this.bootId = bootId;
            this.recorder = recorder;
            this.history = history;
            this.rights = rights;
            this.keeperEvents = keeperEvents;
            this.keeper = keeper;
            this.carriedOver = carriedOver;
            this.peer = peer;
            this.volume = volume;
            this.clock = new PeerClock(peer, wallClock);
            this.dhcp =
                    new DhcpAssembly(settings, processes, clock::aheadOfPeer, wallClock, history)
                            .assemble(volume, mailbox, desk);
            this.branches =
                    new KeptBranches(
                            settings.self(),
                            settings.peer(),
                            settings.configuration().volume().directory(),
                            settings.branchLimits(),
                            peer,
                            wallClock,
                            (what, cause) -> history.observed("branch", what, cause));
        }

        void serve() throws IOException, InterruptedException {
            var configuration = settings.configuration();
            history.observed(
                    "daemon",
                    "started, number " + carriedOver.attachments() + " of this keeper",
                    "configuration " + configurationFile);
            rights.damage()
                    .ifPresent(damage -> {
                        log.error("{}", damage);
                        history.observed("record", "the state of rights is damaged", damage);
                    });
            var mountPoint = configuration.volume().mountPoint();
            var volumeResource =
                    new VolumeResource(
                            volume, keeper, mountPoint, this::selfFence, this::whereTheVolumeIs);
            Map<ResourceName, ResourceShell> resources = new LinkedHashMap<>();
            resources.put(Settings.VOLUME, volumeResource);
            resources.put(Settings.GUARD, dhcp.guardResource());
            resources.put(Settings.VIP, new AddressResource(settings.address(), keeper));
            resources.put(Settings.DHCP, dhcp.serverResource());
            resources.put(Settings.PROBE, dhcp.probeResource());
            resources.put(
                    Settings.ANNOUNCEMENT,
                    new AnnouncementResource(
                            settings.announcement(), GratuitousArp::announce, history));
            try (var roles =
                            new RoleNotifier(
                                    configuration.paths().notifyDirectory(),
                                    configuration.paths().runDirectory().resolve("role"));
                    var ensemble = EnsembleLink.of(settings, mailbox)) {
                var shell =
                        new EffectShell(
                                volume,
                                keeper,
                                rights::write,
                                peer,
                                resources,
                                this::fence,
                                ensemble::ask,
                                roles,
                                history,
                                (command, result) ->
                                        desk.ifFilled(to -> to.answered(command, result)),
                                this,
                                mailbox);
                var loop =
                        new ControllerLoop(
                                new Controller(
                                        settings.cluster(),
                                        arbiter(),
                                        new BootId(bootId),
                                        carriedOver.attachments(),
                                        rights.newest(),
                                        WallClocks.read(System.nanoTime())),
                                shell,
                                new ControllerLoop.Clocks(System::nanoTime, bootClock()),
                                GAP.toNanos(),
                                this::prove,
                                Node::mustNotGoOn);
                loopSlot.fill(loop);
                var explanation = new Explanation(recorder, peer, settings.peer());
                var rehearsal =
                        new TakeoverRehearsal(
                                settings.self(),
                                peer,
                                configuration.dhcp().clockDifferenceMax(),
                                clock::aheadOfPeer,
                                dhcp::rehearsalComplaints,
                                () -> quorumComplaint(ensemble));
                desk.fill(
                        new ControlDesk(
                                settings,
                                configurationFile,
                                effective,
                                loop,
                                volume,
                                keeperEvents,
                                recorder,
                                explanation,
                                rehearsal,
                                dhcp,
                                branches,
                                ensemble,
                                () -> alarms(ensemble),
                                () -> restart("a person ordered it"),
                                startedNanos));
                peer.answerWith((question, body) ->
                        switch (question) {
                            case CLOCK -> clock.answer();
                            case HISTORY -> explanation.page(body);
                            case REHEARSAL -> rehearsal.answer();
                            case BRANCHES -> branches.answer();
                        });
                var survivors = survivors(mountPoint);
                loop.post(new Event.Started(Translation.volumeStatus(volume.facts()), survivors));
                mailbox.deliverTo(loop);
                if (!survivors.contains(Settings.VOLUME)) {
                    ReplicatedVolume.removeDeadMount(mountPoint);
                    volumeResource.note();
                }
                Thread.ofPlatform().name("controller").start(loop);
                ensemble.publish(() -> Fleet.statement(loop.view(), settings.self(), wallClock));
                answerUntilTheEnd(loop, volumeResource);
            }
        }

        private void answerUntilTheEnd(ControllerLoop loop, VolumeResource volumeResource)
                throws IOException, InterruptedException {
            var control = settings.configuration().control();
            Files.createDirectories(control.socket().toAbsolutePath().getParent());
            try (var _ =
                    ControlServer.start(
                            control.socket(),
                            Set.copyOf(control.groups()),
                            desk.get().orElseThrow())) {
                log.info(
                        "{} takes part, {} ms after the start; clusterctl is answered at {}",
                        settings.self(),
                        (System.nanoTime() - startedNanos) / 1_000_000,
                        control.socket());
                while (!ended.await(REHEARSAL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                    clock.ask();
                    branches.look();
                    if (volume.isWelcomeToSuccessor()) {
                        restart("there is room on the disk again");
                    }
                    if (!dhcp.isMounted()) {
                        dhcp.rehearse();
                        volumeResource.note();
                    }
                }
            } finally {
                loop.end();
            }
        }

        /**
         * As if killed: everything that was answered is in the journal's page cache, and the keeper
         * starts a successor at once. Returns, so that whoever asked is told first.
         */
        private void restart(String cause) {
            history.observed("daemon", "restarts", cause);
            log.info("restarting: {}", cause);
            Thread.ofPlatform()
                    .daemon()
                    .name("restart")
                    .start(() -> {
                        LockSupport.parkNanos(RESTART_PAUSE.toNanos());
                        end(EXIT_RESTART);
                    });
        }

        /** What a person must look at and the controller does not know of. */
        private List<String> alarms(EnsembleLink ensemble) {
            var alarms = new ArrayList<String>();
            rights.damage().ifPresent(alarms::add);
            alarms.addAll(dhcp.alarms());
            alarms.addAll(branches.alarms());
            quorumComplaint(ensemble).ifPresent(alarms::add);
            return alarms;
        }

        /** An ensemble may be configured that does not decide, before a change of the arbiter. */
        private Optional<String> quorumComplaint(EnsembleLink ensemble) {
            return settings.configuration().arbiter() == Configuration.Arbiter.ZOOKEEPER
                    ? ensemble.complaint()
                    : Optional.empty();
        }

        private Arbiter arbiter() {
            return switch (settings.configuration().arbiter()) {
                case FENCING -> new FencingArbiter(settings.self(), settings.peer());
                case OPERATOR -> new OperatorArbiter(settings.self(), settings.peer());
                case ZOOKEEPER -> new ZookeeperArbiter(settings.self(), settings.peer());
            };
        }

        /**
         * What the keeper and the kernel carried over from the daemon before this one. Either the
         * whole service runs on, or it counts as stopped.
         */
        private Set<ResourceName> survivors(Path mountPoint) {
            var running = new HashSet<ResourceName>();
            if (carriedOver.fuse().isPresent() && VolumeResource.isMounted(mountPoint)) {
                running.add(Settings.VOLUME);
                running.add(Settings.GUARD);
                running.add(Settings.VIP);
                if (carriedOver.processes().stream()
                        .anyMatch(process -> process.name().equals(DhcpAssembly.PROCESS))) {
                    running.add(Settings.DHCP);
                }
            }
            return Set.copyOf(running);
        }

        private String whereTheVolumeIs() {
            var primary = loopSlot.get().flatMap(loop -> loop.view().record().primary());
            return primary.filter(node -> !node.equals(settings.self()))
                    .map(node ->
                            "The volume is mounted on "
                                    + node
                                    + ". What you would edit here is there, at "
                                    + settings.configuration().volume().mountPoint()
                                    + ".\n")
                    .orElse(
                            "The volume is not mounted on this node. clusterctl status says where it"
                                    + " is.\n");
        }

        private java.util.function.LongSupplier bootClock() {
            var clocks = new Clocks();
            return () -> {
                try {
                    return System.nanoTime() + clocks.suspendedNanos();
                } catch (LinuxException e) {
                    throw new UncheckedIOException(e);
                }
            };
        }

        /**
         * The controller's loop works: the beats may say so. Bytes from the peer say that it lives
         * although its beats may be silent (R37).
         */
        private void prove() {
            try {
                keeper.progress();
            } catch (IOException e) {
                log.debug("no proof of progress: {}", e.getMessage()); // keeperLost follows
            }
            var received = volume.facts().counters().bytesReceived();
            if (received != lastProofBytes) {
                lastProofBytes = received;
                mailbox.accept(new Event.ReplicationHeard(peer.sessionId()));
            }
        }

        private void fence(Effect.RunFenceAgent order) {
            var level =
                    settings
                            .configuration()
                            .node(order.node())
                            .fencingLevels()
                            .get(order.level())
                            .devices()
                            .stream()
                            .map(device ->
                                    new FenceDevice(
                                            device.agent(), device.options(), device.timeout()))
                            .toList();
            long begun = System.nanoTime();
            var limit = Duration.ofNanos(order.timeoutNanos());
            Actions.run(
                    "fence-" + order.node(),
                    limit.plusMillis(500),
                    () -> {
                        var outcome = FenceAgents.run(order.action(), level, limit);
                        return () -> fenced(order, outcome, begun);
                    },
                    reason -> fenced(order, new FenceOutcome.Unconfirmed(reason), begun));
        }

        private void fenced(Effect.RunFenceAgent order, FenceOutcome outcome, long begunNanos) {
            var took = Duration.ofNanos(System.nanoTime() - begunNanos);
            switch (outcome) {
                case FenceOutcome.Confirmed(String evidence) -> {
                    history.did("fencing", order.node() + ": " + evidence, took);
                    if (order.action() == FenceAction.OFF) {
                        volume.endSession(order.node() + " was powered off");
                    }
                }
                case FenceOutcome.Unconfirmed(String reason) ->
                        history.failed(
                                "fencing",
                                order.node() + " is not known to be " + order.action(),
                                reason,
                                took);
            }
            mailbox.accept(new Event.FenceResult(order.request(), outcome));
        }

        @Override
        public void shutDown(String reason) {
            history.observed("daemon", "stopped in order", reason);
            log.info("stopped: {}", reason);
            ended.countDown();
        }

        @Override
        public void selfFence(String reason) {
            standDown(keeper, history, recorder, reason);
        }
    }

    /**
     * Ends the process at once. Stopping is safe: the kernel shuts the gate, the keeper restarts us
     * or stands down, and the peer fences. Going on with a broken state is not.
     */
    private static void mustNotGoOn(Throwable why) {
        log.error("this process must not go on", why);
        end(EXIT_MUST_NOT_GO_ON);
    }

    /**
     * @param exitCode if the kernel refuses the quicker way, or it cannot even be asked
     */
    private static void end(int exitCode) {
        try {
            Processes.endAtOnce();
        } catch (LinuxException e) {
            log.warn("{}: ends more slowly", e.getMessage());
        } finally {
            Runtime.getRuntime().halt(exitCode);
        }
    }
}
