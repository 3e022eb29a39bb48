package io.leasehold.itests.simulator;

import io.leasehold.heartbeat.controller.ClusterConfiguration;
import io.leasehold.heartbeat.fencing.FencingConfiguration;
import io.leasehold.heartbeat.lease.LeaseTiming;
import io.leasehold.heartbeat.membership.LinkConfiguration;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.ArbitrationMode;
import io.leasehold.heartbeat.record.Standing;
import io.leasehold.heartbeat.record.arbiter.fencing.FencingArbiter;
import io.leasehold.heartbeat.record.arbiter.operator.OperatorArbiter;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZookeeperArbiter;
import io.leasehold.heartbeat.resource.ResourceConfiguration;
import io.leasehold.heartbeat.resource.ResourceName;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Both boxes, what is between them, and what is asked of them: all that one seed determines. */
final class World {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000_000_000L;
    static final long DISK_LATENCY_NANOS = 300_000;
    static final String CLIENT_LAN = "eth0";

    private final Agenda agenda = new Agenda();
    private final Chance chance;
    private final Trace trace;
    private final Sabotage sabotage;
    private final Optional<Coverage> coverage;
    private final Invariants invariants = new Invariants(this);
    private final Duel duel = new Duel(this);
    private final Network network = new Network(this);
    private final List<Machine> machines;
    private final Setup setup;
    private final Optional<Ensemble> ensemble;

    // Faults that are not of one part.
    private double deathBetweenEffects;
    private double stallBetweenEffects;
    private boolean clientsAsk = true;
    private Optional<Consumer<Machine>> atTheNextCompare = Optional.empty();

    private long lastOperation;
    private int lastServer = -1;
    private boolean writeWasInFlight;
    private boolean returnAwaited;
    private int failovers;

    World(Chance chance, Setup setup, boolean traced, Sabotage sabotage) {
        this(chance, setup, traced, sabotage, Optional.empty());
    }

    /**
     * @param coverage counts what the machines do; empty: nobody does
     */
    World(
            Chance chance,
            Setup setup,
            boolean traced,
            Sabotage sabotage,
            Optional<Coverage> coverage) {
        this.coverage = coverage;
        this.chance = chance;
        this.setup = setup;
        this.sabotage = sabotage;
        this.trace = new Trace(agenda, traced);
        this.ensemble =
                setup.mode() == ArbitrationMode.ZOOKEEPER
                        ? Optional.of(new Ensemble(this))
                        : Optional.empty();
        this.machines = List.of(new Machine(this, 0, "dhcp1"), new Machine(this, 1, "dhcp2"));
    }

    Agenda agenda() {
        return agenda;
    }

    Chance chance() {
        return chance;
    }

    Trace trace() {
        return trace;
    }

    Invariants invariants() {
        return invariants;
    }

    Duel duel() {
        return duel;
    }

    Sabotage sabotage() {
        return sabotage;
    }

    Optional<Coverage> coverage() {
        return coverage;
    }

    Network network() {
        return network;
    }

    List<Machine> machines() {
        return machines;
    }

    Machine machine(int index) {
        return machines.get(index);
    }

    Setup setup() {
        return setup;
    }

    /** Empty in the modes without a witness. */
    Optional<Ensemble> ensemble() {
        return ensemble;
    }

    long keepaliveNanos() {
        return setup.timing().keepaliveNanos();
    }

    long daemonDeadNanos() {
        return setup.timing().daemonDeadNanos();
    }

    long nextOperation() {
        return ++lastOperation;
    }

    boolean clientsAsk() {
        return clientsAsk;
    }

    void clientsAsk(boolean asking) {
        clientsAsk = asking;
    }

    /** Lets one thing happen and looks whether all still holds; false: nothing until then. */
    boolean step(long untilNanos) {
        var happened = agenda.step(untilNanos);
        invariants.check();
        var aftermath = invariants.aftermath();
        if (aftermath.isOpen() && aftermath.isOver(isCalm())) {
            var serving = machines.stream().filter(Machine::serves).findFirst().orElseThrow();
            var going = serving.replica().orElseThrow();
            aftermath.close(going.history(), going.committed());
        }
        return happened;
    }

    // ---- faults of processes ----

    void deathsBetweenEffects(double death, double stall) {
        deathBetweenEffects = death;
        stallBetweenEffects = stall;
    }

    boolean diesBetweenEffects() {
        return chance.happens(deathBetweenEffects);
    }

    boolean stallsBetweenEffects() {
        return chance.happens(stallBetweenEffects);
    }

    /** Once: when the next shadow is begun, its box is told. */
    void whenACompareBegins(Consumer<Machine> harm) {
        atTheNextCompare = Optional.of(harm);
    }

    void compareBegins(Machine target) {
        var harm = atTheNextCompare;
        atTheNextCompare = Optional.empty();
        harm.ifPresent(strike -> strike.accept(target));
    }

    // ---- failovers ----

    /** The service of a box ends, and not in order. */
    void interrupted(Machine box) {
        if (box.index() == lastServer && box.dhcp().hasWriteInFlight()) {
            writeWasInFlight = true;
        }
    }

    void servingBegan(Machine box) {
        trace.say(box.name().value(), () -> "serves");
        if (lastServer >= 0 && lastServer != box.index() && writeWasInFlight) {
            returnAwaited = true;
        }
        writeWasInFlight = false;
        lastServer = box.index();
    }

    void bothInSync() {
        if (returnAwaited) {
            returnAwaited = false;
            failovers++;
        }
    }

    void answered(Machine box) {
        if (box.index() == lastServer) {
            writeWasInFlight = false;
        }
    }

    /**
     * Takeovers of an interrupted service with a write in flight, each followed by the return of
     * the other box into {@code inSync}.
     */
    int failovers() {
        return failovers;
    }

    /** One box serves and the other could. */
    boolean isCalm() {
        return machines.get(0).serves() != machines.get(1).serves()
                && couldServe(machines.get(0))
                && couldServe(machines.get(1));
    }

    private boolean couldServe(Machine box) {
        return box.replica().filter(Replica::isSettled).isPresent()
                && invariants
                        .written(box)
                        .filter(state ->
                                state.record().inSync().size() == 2
                                        && state.standing() == Standing.UP_TO_DATE)
                        .isPresent();
    }

    // ---- configuration ----

    /** Of the one that the box's configuration file names now. */
    Arbiter arbiter(Machine box) {
        var me = box.name();
        var peer = box.other().name();
        return switch (box.arbiter()) {
            case FENCING -> sabotage.arbiter(new FencingArbiter(me, peer));
            case OPERATOR -> sabotage.arbiter(new OperatorArbiter(me, peer));
            // Whoever wants to break this one falsifies what the ensemble says.
            case ZOOKEEPER -> new ZookeeperArbiter(me, peer);
        };
    }

    ClusterConfiguration configuration(Machine box) {
        return sabotage.configuration(honestConfiguration(box));
    }

    private ClusterConfiguration honestConfiguration(Machine box) {
        // A file that names arbiter fencing without a device is refused.
        var fences = box.arbiter() == ArbitrationMode.FENCING || setup.fenceDevice();
        // A shot takes up to 75 ms, and one may notice a beat later than the other: R35.
        long shotsApart = 125 * MILLI + 3 * setup.timing().keepaliveNanos() / 2;
        return new ClusterConfiguration(
                "lab",
                box.name(),
                machines.stream().map(Machine::name).toList(),
                box.arbiter(),
                setup.timing(),
                List.of(
                        new LinkConfiguration(Network.CROSSOVER, true),
                        new LinkConfiguration(Network.LAN, false)),
                new FencingConfiguration(
                        fences
                                ? List.of(new FencingConfiguration.Level("bmc", 2 * SECOND))
                                : List.of(),
                        0,
                        shotsApart,
                        2 * shotsApart + 100 * MILLI,
                        3,
                        SECOND,
                        4 * SECOND,
                        setup.powerOnAfterFence(),
                        5,
                        600 * SECOND),
                LeaseTiming.defaults(),
                List.of(
                        resource(Machine.VOLUME, false, 0, false),
                        resource(Machine.VIP, false, 0, false),
                        resource(Machine.DHCP, false, 5 * SECOND, false),
                        resource(Machine.ARP, true, 0, true)),
                Set.of(CLIENT_LAN),
                3 * SECOND,
                SECOND);
    }

    private static ResourceConfiguration resource(
            ResourceName name, boolean gate, long monitorNanos, boolean mayFail) {
        return new ResourceConfiguration(
                name, gate, 2 * SECOND, 2 * SECOND, monitorNanos, SECOND, 3, 60 * SECOND, mayFail);
    }
}
