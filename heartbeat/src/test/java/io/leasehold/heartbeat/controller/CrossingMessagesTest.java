package io.leasehold.heartbeat.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.heartbeat.controller.ClusterMessage.Grow;
import io.leasehold.heartbeat.controller.ClusterMessage.Hello;
import io.leasehold.heartbeat.controller.ClusterMessage.OutdatedReason;
import io.leasehold.heartbeat.membership.LinkName;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.Epoch;
import io.leasehold.heartbeat.record.Generation;
import io.leasehold.heartbeat.record.Maintenance;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Position;
import io.leasehold.heartbeat.record.RequestId;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.fencing.FencingArbiter;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZookeeperArbiter;
import io.leasehold.heartbeat.resource.ResourceName;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What crosses on its way, and what breaks in between: histories that the simulator found. */
class CrossingMessagesTest {

    private static final NodeName ME = new NodeName("dhcp2");
    private static final NodeName PEER = new NodeName("dhcp1");
    private static final BootId BOOT = new BootId("boot");
    private static final Epoch FIRST = new Epoch(1);
    private static final long SESSION = 1;

    private final List<Effect> effects = new ArrayList<>();
    private List<Effect.StartResource> starting = List.of();
    private long now = 1_000_000_000L;
    private Controller controller = start(Optional.empty());

    private Controller start(Optional<DurableState> stored) {
        return new Controller(
                new World(ArbitrationMode.FENCING).configuration(ME, ArbitrationMode.FENCING),
                new FencingArbiter(ME, PEER),
                BOOT,
                0,
                stored,
                new WallClock(now, Instant.EPOCH, ZoneOffset.UTC));
    }

    private void when(Event... events) {
        effects.clear();
        for (var event : events) {
            now += 1_000_000;
            effects.addAll(controller.step(now, event));
        }
    }

    private static Event started() {
        return started(Set.of());
    }

    private static Event started(Set<ResourceName> survivors) {
        return new Event.Started(
                new VolumeStatus(
                        "disk",
                        false,
                        Epoch.NONE,
                        Position.EMPTY,
                        0,
                        Epoch.NONE,
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        false),
                survivors);
    }

    private static Event opened() {
        return new Event.SessionOpened(SESSION, Relation.EQUAL);
    }

    private static Event message(ClusterMessage message) {
        return new Event.PeerMessage(SESSION, message);
    }

    private static ClusterRecord record(NodeName primary, long gen, NodeName... inSync) {
        return new ClusterRecord(
                ArbitrationMode.FENCING,
                FIRST,
                Optional.of(primary),
                Set.of(inSync),
                new Generation(gen),
                new RequestId(primary, gen));
    }

    private static Event hello(Role role, ClusterRecord record, Standing standing) {
        return message(
                new Hello(
                        PEER,
                        BOOT,
                        0,
                        role,
                        record,
                        FIRST,
                        standing,
                        false,
                        false,
                        true,
                        Position.EMPTY,
                        ArbitrationMode.FENCING));
    }

    private Event beat(Role role, long gen, boolean leaveWanted) {
        return beat(role, FIRST, gen, leaveWanted);
    }

    private Event beat(Role role, Epoch epoch, long gen, boolean leaveWanted) {
        return new Event.BeatReceived(
                now,
                new LinkName("lan"),
                new Announcement(
                        PEER,
                        BOOT,
                        0,
                        role,
                        epoch,
                        new Generation(gen),
                        Standing.UP_TO_DATE,
                        true,
                        true,
                        false,
                        true,
                        leaveWanted,
                        Maintenance.OFF),
                0,
                OptionalLong.empty());
    }

    private Optional<DurableState> written() {
        return effects.stream()
                .filter(Effect.PersistState.class::isInstance)
                .map(effect -> ((Effect.PersistState) effect).state())
                .reduce((_, last) -> last);
    }

    private List<ClusterMessage> said() {
        return effects.stream()
                .filter(Effect.SendToPeer.class::isInstance)
                .map(effect -> ((Effect.SendToPeer) effect).message())
                .toList();
    }

    /** R2: the volume takes a writer's epoch by itself, before anybody here has heard of it. */
    @Test
    void shouldPromiseNothingLowerThanItsVolumeHas() {
        var ahead = new Epoch(FIRST.value() + 4);
        when(started());

        when(
                new Event.VolumeReport(
                        new VolumeStatus(
                                "disk",
                                false,
                                ahead,
                                Position.EMPTY,
                                0,
                                ahead,
                                false,
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                false)));
        assertThat(written().map(DurableState::promised)).contains(ahead);

        when(opened(), hello(Role.PRIMARY, record(PEER, 1, PEER), Standing.UP_TO_DATE));
        assertThat(effects).noneMatch(Effect.PromiseEpoch.class::isInstance);
    }

    /** R9: what it asked for itself in vain is no promise to anybody. */
    @Test
    void shouldConfirmWhomItFollowsBelowAnEpochThatItAskedFor() {
        var asked = new Epoch(FIRST.value() + 4);
        controller =
                start(
                        Optional.of(
                                DurableState.fresh(ArbitrationMode.FENCING, ME, BOOT)
                                        .withBoot(BOOT, Optional.of("disk"))
                                        .withPromised(asked)));
        when(started(), opened(), hello(Role.PRIMARY, record(PEER, 1, PEER), Standing.UP_TO_DATE));
        when(message(new Grow(FIRST, new Generation(2), 0)));

        when(message(new ClusterMessage.ConfirmRequest(FIRST, 7)));
        assertThat(said()).containsExactly(new ClusterMessage.Confirmed(FIRST, 7));

        when(message(new ClusterMessage.ConfirmRequest(FIRST.next(), 8)));
        assertThat(said()).isEmpty();
    }

    /** A person must know why the peer is never synced (R29). */
    @Test
    void shouldRaiseAnAlarmWhenTheVolumeRefusesThePeer() {
        when(started());

        when(refusing(Optional.of("R29: both have acknowledged what the other lacks")));
        assertThat(controller.view(now).alarms())
                .containsExactly(
                        "dhcp1 is not synced: R29: both have acknowledged what the other lacks");

        when(refusing(Optional.empty()));
        assertThat(controller.view(now).alarms()).isEmpty();
    }

    private static Event refusing(Optional<String> refusal) {
        return new Event.VolumeReport(
                new VolumeStatus(
                        "disk",
                        false,
                        Epoch.NONE,
                        Position.EMPTY,
                        0,
                        Epoch.NONE,
                        false,
                        Optional.empty(),
                        refusal,
                        refusal.isPresent(),
                        false));
    }

    /** It said P1 for generation 2; by the time this grow arrives the primary may be alone. */
    @Test
    void shouldStayOutdatedWhenAGrowCrossedItsWord() {
        when(started(), opened(), hello(Role.PRIMARY, record(PEER, 1, PEER), Standing.UP_TO_DATE));
        when(message(new Grow(FIRST, new Generation(2), 0)));
        assertThat(written().orElseThrow().standing()).isEqualTo(Standing.UP_TO_DATE);
        when(beat(Role.PRIMARY, 2, true));
        assertThat(written().orElseThrow().standing()).isEqualTo(Standing.OUTDATED);

        when(message(new Grow(FIRST, new Generation(2), 0)));

        assertThat(written()).isEmpty();
    }

    @Test
    void shouldBeLetInByAGrowOfALaterRecord() {
        shouldStayOutdatedWhenAGrowCrossedItsWord();

        when(message(new Grow(FIRST, new Generation(4), 0)));

        assertThat(written().orElseThrow().standing()).isEqualTo(Standing.UP_TO_DATE);
    }

    /** As primary of epoch 1, alone: the peer met it and marked itself outdated. */
    private void lead() {
        controller = start(Optional.of(DurableState.fresh(ArbitrationMode.FENCING, ME, BOOT)));
        when(
                started(),
                new Event.SessionOpened(SESSION, Relation.PEER_BEHIND),
                hello(
                        Role.WAITING,
                        ClusterRecord.fresh(ArbitrationMode.FENCING, PEER),
                        Standing.CONSISTENT),
                message(
                        new ClusterMessage.Outdated(
                                Epoch.NONE, Generation.NONE, OutdatedReason.TARGET)));
        var state = written().orElseThrow();
        assertThat(state.record().isSole(ME)).isTrue();
        when(new Event.VolumePromoted(state.record().epoch()));
        starting =
                effects.stream()
                        .filter(Effect.StartResource.class::isInstance)
                        .map(Effect.StartResource.class::cast)
                        .toList();
    }

    /** R29: a fence device, or a person, has said of both that they are off (R1, R34). */
    @ParameterizedTest
    @EnumSource(names = {"PROMOTING", "PRIMARY", "HANDING_OVER"})
    void shouldStopWhenThePeerHasWonTheSameEpoch(Role role) {
        lead();

        when(beat(role, controller.view(now).record().epoch(), 1, false));

        shouldHaveStoppedUntilAPersonDecides();
    }

    /** R29: the other one has heard of this node first, and has stopped already. */
    @Test
    void shouldStopWhenThePeerSaysThatItHadWonTheSameEpoch() {
        lead();
        var mine = controller.view(now).record();

        when(
                hello(
                        Role.WAITING,
                        new ClusterRecord(
                                mine.mode(),
                                mine.epoch(),
                                Optional.of(PEER),
                                Set.of(PEER),
                                mine.gen(),
                                new RequestId(PEER, 9)),
                        Standing.OUTDATED));

        shouldHaveStoppedUntilAPersonDecides();
    }

    /** R29: the peer is deposed, but clients were told by it what this history does not have. */
    @Test
    void shouldStopWhenTheCopiesAreASplitBrain() {
        lead();

        when(refusing(Optional.of("R29: choose")));

        shouldHaveStoppedUntilAPersonDecides();
    }

    private void shouldHaveStoppedUntilAPersonDecides() {
        assertThat(effects).anyMatch(Effect.CloseGate.class::isInstance);
        // Its permit is gone at once: a crash now must not make it the one that goes on.
        assertThat(written().orElseThrow().holdsPermit()).isFalse();
        assertThat(written().orElseThrow().standing()).isEqualTo(Standing.OUTDATED);
        assertThat(controller.alarms())
                .anySatisfy(alarm ->
                        assertThat(alarm).contains("R29").contains("clusterctl promote --force"));

        stopEverything();
        assertThat(controller.view(now).level()).isEqualTo(View.Level.DOWN);
        now += 60_000_000_000L;
        when(new Event.Tick());
        assertThat(effects).noneMatch(Effect.PromoteVolume.class::isInstance);
    }

    /** R1, R21: with a new disk it knows of no epoch; the peer was forced before, or by it. */
    @Test
    void shouldBeForcedToAnEpochThatThePeerHasNotSeen() {
        var theirs = new Epoch(1_500);
        var record =
                new ClusterRecord(
                        ArbitrationMode.FENCING,
                        theirs,
                        Optional.of(PEER),
                        Set.of(PEER),
                        new Generation(4),
                        new RequestId(PEER, 4));
        when(started(), new Event.SessionOpened(SESSION, Relation.PEER_AHEAD));
        when(
                message(
                        new Hello(
                                PEER,
                                BOOT,
                                0,
                                Role.WAITING,
                                record,
                                theirs,
                                Standing.CONSISTENT,
                                false,
                                false,
                                true,
                                Position.EMPTY,
                                ArbitrationMode.FENCING)));

        var bill = (CommandResult.Bill) answerTo(new Command.ForcePromotion(Optional.empty()));
        answerTo(new Command.ForcePromotion(Optional.of(bill.code())));

        var forced = written().orElseThrow().record();
        assertThat(forced.primary()).contains(ME);
        assertThat(forced.epoch().isAfter(theirs)).isTrue();
    }

    /** R29, R21: its daemon was restarted beside a service that runs; nobody could be forced. */
    @Test
    void shouldStopWhatADaemonBeforeHasLeftRunningWhenAPersonMustChoose() {
        var primary =
                DurableState.fresh(ArbitrationMode.FENCING, ME, BOOT)
                        .withRecord(record(ME, 2, ME))
                        .withStanding(Standing.UP_TO_DATE)
                        .withWasPrimary(true)
                        .withBoot(BOOT, Optional.of("disk"));
        controller = start(Optional.of(primary));

        when(
                started(Set.of(World.MOUNT)),
                new Event.SessionOpened(SESSION, Relation.DIVERGED),
                hello(Role.WAITING, record(PEER, 2, PEER), Standing.CONSISTENT));

        shouldStopTheMount();
    }

    private void shouldStopTheMount() {
        assertThat(effects)
                .filteredOn(Effect.StopResource.class::isInstance)
                .extracting(effect -> ((Effect.StopResource) effect).resource())
                .containsExactly(World.MOUNT);
    }

    private CommandResult answerTo(Command command) {
        when(new Event.CommandReceived(new CommandId(1), command));
        return effects.stream()
                .filter(Effect.Answer.class::isInstance)
                .map(effect -> ((Effect.Answer) effect).result())
                .findFirst()
                .orElseThrow();
    }

    /** What the promotion began to start is still starting. */
    private void stopEverything() {
        when(
                starting.stream()
                        .map(start -> new Event.ResourceStarted(start.action(), start.resource()))
                        .toArray(Event[]::new));
        assertThat(effects).anyMatch(Effect.StopResource.class::isInstance);
        while (effects.stream().anyMatch(Effect.StopResource.class::isInstance)) {
            when(
                    effects.stream()
                            .filter(Effect.StopResource.class::isInstance)
                            .map(Effect.StopResource.class::cast)
                            .map(stop -> new Event.ResourceStopped(stop.action(), stop.resource()))
                            .toArray(Event[]::new));
        }
        assertThat(effects).anyMatch(Effect.DemoteVolume.class::isInstance);
        when(new Event.VolumeDemoted());
    }

    /** R10: the volume had asked for a grow, and its session broke before that was heard. */
    @Test
    void shouldTellAFrozenVolumeThatTheRecordNamesItAlone() {
        lead();

        when(
                new Event.SessionClosed(SESSION, "reset"),
                new Event.GrowWanted(SESSION, 0),
                new Event.ShrinkWanted("session lost"));

        assertThat(effects)
                .filteredOn(Effect.RecordChanged.class::isInstance)
                .singleElement()
                .satisfies(changed ->
                        assertThat(((Effect.RecordChanged) changed).inSync()).containsExactly(ME));
    }

    /** R4: the volume says once that writes are frozen, and the session is closed after that. */
    @Test
    void shouldRememberFrozenWritesWhenTheSessionCloses() {
        lead();
        when(new Event.GrowWanted(SESSION, 0));
        assertThat(written().orElseThrow().record().inSync()).containsExactly(PEER, ME);
        when(beat(Role.SECONDARY, 2, false));

        when(new Event.ShrinkWanted("session lost"), new Event.SessionClosed(SESSION, "reset"));

        var asked =
                effects.stream()
                        .filter(Effect.PublishBeat.class::isInstance)
                        .map(effect -> ((Effect.PublishBeat) effect).announcement().leaveWanted())
                        .reduce((_, last) -> last);
        assertThat(asked).contains(true);
    }

    /** R16, R34: it is heard all the time, which voids nothing: that was known before. */
    @Test
    void shouldRunOneFenceAgentAgainstAPeerThatNeitherAcknowledgesNorLeaves() {
        lead();
        when(new Event.GrowWanted(SESSION, 0));
        when(beat(Role.SECONDARY, 2, false));
        when(new Event.ShrinkWanted("session lost"), new Event.SessionClosed(SESSION, "reset"));

        var ordered = new ArrayList<Effect>();
        for (int beats = 0; beats < 50; beats++) {
            now += 50_000_000;
            when(beat(Role.SECONDARY, 2, false), new Event.Tick());
            effects.stream().filter(Effect.RunFenceAgent.class::isInstance).forEach(ordered::add);
        }

        assertThat(ordered).hasSize(1);
    }

    /** R1: an epoch that the peer may have stored as ours is never won as something else. */
    @Test
    void shouldAskForAnEpochOnlyAfterPromisingItDurably() {
        var primary =
                DurableState.fresh(ArbitrationMode.FENCING, ME, BOOT)
                        .withRecord(record(ME, 2, ME, PEER))
                        .withStanding(Standing.UP_TO_DATE)
                        .withWasPrimary(true)
                        .withBoot(BOOT, Optional.of("disk"));
        controller = start(Optional.of(primary));

        when(
                started(),
                opened(),
                hello(Role.WAITING, record(ME, 2, ME, PEER), Standing.UP_TO_DATE));

        var request =
                said().stream()
                        .filter(ClusterMessage.PromiseRequest.class::isInstance)
                        .map(ClusterMessage.PromiseRequest.class::cast)
                        .findFirst()
                        .orElseThrow();
        assertThat(written().orElseThrow().promised()).isEqualTo(request.epoch());
        when(message(new ClusterMessage.Promised(request.epoch(), Standing.UP_TO_DATE)));
        assertThat(written().orElseThrow().record().epoch()).isEqualTo(request.epoch());
    }

    /** As a member of generation 2 whose primary asked it to leave, and was told that it did. */
    private void leaveTheRecord() {
        when(
                started(),
                new Event.SessionOpened(SESSION, Relation.PEER_BEHIND),
                hello(Role.PRIMARY, record(PEER, 1, PEER), Standing.UP_TO_DATE),
                message(new Grow(FIRST, new Generation(2), 0)),
                beat(Role.PRIMARY, 2, true));
        assertThat(written().orElseThrow().standing()).isEqualTo(Standing.OUTDATED);
    }

    /**
     * R6, R17: the primary goes on by that word, which was on its way when it handed over: two
     * would lead epoch 2.
     */
    @Test
    void shouldNotTakeAHandOverThatItsWordHasCrossed() {
        leaveTheRecord();

        when(message(new ClusterMessage.HandOver(FIRST, new Generation(2), Position.EMPTY)));

        assertThat(written()).isEmpty();
        assertThat(effects).noneMatch(Effect.PromoteVolume.class::isInstance);
    }

    /** R28: a hand-over says that who hands over is outdated; if both are, they meet. */
    @Test
    void shouldLeadByAHandOverThatCameTooLateIfBothHaveMet() {
        leaveTheRecord();

        when(
                message(new ClusterMessage.HandOver(FIRST, new Generation(2), Position.EMPTY)),
                hello(Role.WAITING, record(PEER, 2, PEER, ME), Standing.OUTDATED));

        assertThat(written().orElseThrow().record().isSole(ME)).isTrue();
        assertThat(effects).anyMatch(Effect.PromoteVolume.class::isInstance);
    }

    /** What was ordered is done at once, until nothing more is ordered. */
    private void startAndStopAsOrdered() {
        for (boolean ordered = true; ordered; ) {
            var answers = new ArrayList<Event>();
            for (var effect : effects) {
                if (effect instanceof Effect.StartResource(var action, var resource, _, _)) {
                    answers.add(new Event.ResourceStarted(action, resource));
                } else if (effect instanceof Effect.StopResource(var action, var resource, _)) {
                    answers.add(new Event.ResourceStopped(action, resource));
                }
            }
            ordered = !answers.isEmpty();
            if (ordered) {
                when(answers.toArray(Event[]::new));
            }
        }
    }

    /** R6, R17: it could not take it, and the record does not need it any more. */
    @Test
    void shouldGiveUpAHandOverToANodeThatHasMarkedItselfOutdated() {
        lead();
        startAndStopAsOrdered();
        when(new Event.GrowWanted(SESSION, 0));
        var both = written().orElseThrow().record();
        assertThat(both.isInSync(PEER)).isTrue();
        when(
                message(new ClusterMessage.GrowAccepted(both.epoch(), both.gen())),
                hello(Role.SECONDARY, both, Standing.UP_TO_DATE),
                beat(Role.SECONDARY, 2, false));
        when(new Event.CommandReceived(new CommandId(1), new Command.Takeover(PEER)));
        startAndStopAsOrdered();
        assertThat(controller.stages()).containsEntry("phase", "HAND_OVER-DRAINING");

        when(message(new ClusterMessage.Outdated(both.epoch(), both.gen(), OutdatedReason.ASKED)));

        assertThat(effects).anyMatch(Effect.Unpark.class::isInstance);
        assertThat(controller.stages()).containsEntry("phase", "Leading");
        assertThat(written().orElseThrow().record().isSole(ME)).isTrue();
    }

    /**
     * R11: the peer was asked for epoch 2, then given up, and the ensemble asked for epoch 3. What
     * the ensemble takes is the record.
     */
    @Test
    void shouldNotContinueByAPromiseWhileTheEnsembleMayTakeAnotherEpoch() {
        var both = recordOfBoth(ME);
        startWithTheEnsemble(both);
        when(
                opened(),
                message(
                        new Hello(
                                PEER,
                                BOOT,
                                0,
                                Role.WAITING,
                                both,
                                FIRST,
                                Standing.UP_TO_DATE,
                                false,
                                false,
                                true,
                                Position.EMPTY,
                                ArbitrationMode.ZOOKEEPER)));
        var promised = new Epoch(2);
        assertThat(said())
                .contains(new ClusterMessage.PromiseRequest(FIRST, promised, new Generation(3)));
        now += 2_000_000_000L;
        when(new Event.Listened(now, 0));
        assertThat(asked())
                .isInstanceOfSatisfying(
                        EnsembleRequest.Write.class,
                        write -> assertThat(write.record().epoch()).isEqualTo(new Epoch(3)));

        when(message(new ClusterMessage.Promised(promised, Standing.UP_TO_DATE)));

        assertThat(effects).noneMatch(Effect.PromoteVolume.class::isInstance);
        assertThat(controller.view(now).record()).isEqualTo(both);
    }

    private static ClusterRecord recordOfBoth(NodeName primary) {
        return new ClusterRecord(
                ArbitrationMode.ZOOKEEPER,
                FIRST,
                Optional.of(primary),
                Set.of(ME, PEER),
                new Generation(2),
                new RequestId(primary, 2));
    }

    /** A restarted daemon whose requests of before are void, and whose record is the ensemble's. */
    private void startWithTheEnsemble(ClusterRecord both) {
        startWithTheEnsemble(both, Set.of());
    }

    private void startWithTheEnsemble(ClusterRecord both, Set<ResourceName> survivors) {
        controller =
                new Controller(
                        new World(ArbitrationMode.ZOOKEEPER)
                                .configuration(ME, ArbitrationMode.ZOOKEEPER),
                        new ZookeeperArbiter(ME, PEER),
                        BOOT,
                        0,
                        Optional.of(
                                DurableState.fresh(ArbitrationMode.ZOOKEEPER, ME, BOOT)
                                        .withRecord(both)
                                        .withStanding(Standing.UP_TO_DATE)
                                        .withWasPrimary(both.isPrimary(ME))
                                        .withBoot(BOOT, Optional.of("disk"))),
                        new WallClock(now, Instant.EPOCH, ZoneOffset.UTC));
        when(started(survivors), new Event.EnsembleHeard(new EnsembleEvent.Connected()));
        found(both, 7);
        if (both.isPrimary(ME)) {
            taken(8);
        }
    }

    /** R27, R28: both were primary when their daemons were killed; the ensemble names the peer. */
    @Test
    void shouldStopWhatADaemonBeforeHasLeftRunningWhenThePeerLeads() {
        startWithTheEnsemble(recordOfBoth(ME), Set.of(World.MOUNT));
        var won = new Epoch(2);

        when(
                new Event.SessionOpened(SESSION, Relation.PEER_AHEAD),
                message(
                        new Hello(
                                PEER,
                                BOOT,
                                0,
                                Role.WAITING,
                                new ClusterRecord(
                                        ArbitrationMode.ZOOKEEPER,
                                        won,
                                        Optional.of(PEER),
                                        Set.of(PEER),
                                        new Generation(3),
                                        new RequestId(PEER, 3)),
                                won,
                                Standing.UP_TO_DATE,
                                false,
                                true,
                                true,
                                Position.EMPTY,
                                ArbitrationMode.ZOOKEEPER)));

        shouldStopTheMount();
    }

    private void found(ClusterRecord record, int version) {
        when(
                new Event.EnsembleHeard(
                        new EnsembleEvent.Found(
                                asked().number(), Optional.of(record), new ZnodeVersion(version))));
    }

    private void taken(int version) {
        when(
                new Event.EnsembleHeard(
                        new EnsembleEvent.Written(asked().number(), new ZnodeVersion(version))));
    }

    /** R9: takes over from a primary whose serving lease may run on; it is back at once, equal. */
    private void winWhileThePeerMayServe() {
        startWithTheEnsemble(recordOfBoth(PEER));
        now += 2_000_000_000L;
        when(new Event.Listened(now, 0));
        while (!(asked() instanceof EnsembleRequest.Write)) {
            found(recordOfBoth(PEER), 7);
            if (effects.stream().noneMatch(Effect.AskEnsemble.class::isInstance)) {
                now = Math.max(now, controller.nextDeadlineNanos().orElseThrow());
                when(new Event.Tick());
            }
        }
        taken(8);
        assertThat(controller.view(now).record().isSole(ME)).isTrue();
        when(new Event.VolumePromoted(controller.view(now).record().epoch()));
        assertThat(controller.stages()).containsEntry("phase", "Leading");
        when(
                new Event.SessionOpened(SESSION, Relation.PEER_BEHIND),
                beat(Role.WAITING, 2, false),
                new Event.GrowWanted(SESSION, 0));
    }

    /**
     * H10, R20: a grow that is not taken gives the permit back, and the winner had none yet: after
     * a restart it would serve by it beside the loser, whose lease may still run.
     */
    @Test
    void shouldLetNobodyInBeforeTheLoserIsSilent() {
        winWhileThePeerMayServe();

        assertThat(effects).noneMatch(Effect.AskEnsemble.class::isInstance);
        assertThat(written().filter(DurableState::holdsPermit)).isEmpty();
    }

    /**
     * H1, R10: the end of the wait brings the permit. If a grow were on its way then, the ensemble
     * could count the peer in, and this node would start alone all the same.
     */
    @Test
    void shouldHoldNoPermitWhileAGrowMayBeTaken() {
        winWhileThePeerMayServe();

        var order = new ArrayList<String>(permitsAndGrows());
        while ("PEER_SILENCE_AWAITED".equals(controller.stages().get("gate"))) {
            now = Math.max(now, controller.nextDeadlineNanos().orElseThrow());
            when(new Event.Tick());
            order.addAll(permitsAndGrows());
        }

        assertThat(order).containsExactly("permit", "no permit", "grow");
    }

    private List<String> permitsAndGrows() {
        var found = new ArrayList<String>();
        for (var effect : effects) {
            if (effect instanceof Effect.PersistState(var state)) {
                found.add(state.holdsPermit() ? "permit" : "no permit");
            } else if (effect instanceof Effect.AskEnsemble(EnsembleRequest.Write write)
                    && write.record().isInSync(PEER)) {
                found.add("grow");
            }
        }
        return found;
    }

    private EnsembleRequest asked() {
        return effects.stream()
                .filter(Effect.AskEnsemble.class::isInstance)
                .map(effect -> ((Effect.AskEnsemble) effect).request())
                .reduce((_, last) -> last)
                .orElseThrow();
    }
}
