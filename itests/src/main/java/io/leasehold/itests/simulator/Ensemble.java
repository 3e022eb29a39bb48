package io.leasehold.itests.simulator;

import io.leasehold.heartbeat.record.ClusterRecord;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Three members of a ZooKeeper ensemble, one beside each daemon and the witness, as far as their
 * clients can tell: one znode, one order of writes, a quorum of two.
 *
 * <pre>
 *   LOOKING --two that hear each other, the newest leads a new term--> LEADING | FOLLOWING
 *   LOOKING --joins a leader of a term that is not older than its own--> FOLLOWING
 *   LEADING --no follower for as long as a ping may take--> LOOKING, its clients are sent away
 *   FOLLOWING --its leader silent for so long, or not leading any more--> LOOKING
 * </pre>
 *
 * <p>What makes it dangerous, and is here: a write that only a minority has is executed or
 * forgotten when the next leader is found; a leader that was cut off or stood still answers looks
 * from its old state until it notices; a member lags behind the one that answered last. A refusal
 * is as much an entry of the order as a write, so it is never told before a quorum has it. What
 * ZooKeeper does in several rounds to agree on a leader is one instant here: that it is right is
 * ZooKeeper's own business.
 *
 * <p>Nothing happens while nothing changes: whoever breaks or mends something says so.
 */
final class Ensemble {
    static final int MEMBERS = 3;
    static final int WITNESS = 2;

    private static final int QUORUM = 2;
    private static final long LATENCY_NANOS = 200_000;
    private static final long PING_LIMIT_NANOS = 400_000_000;
    private static final long ELECTION_NANOS = 200_000_000;
    private static final long RETRY_NANOS = 20_000_000;

    private enum Role {
        LOOKING,
        FOLLOWING,
        LEADING
    }

    /** Who waits for an entry of the order, and where. */
    private record Origin(EnsembleClient client, long connection, int member, long number) {}

    /**
     * @param taken the record that was written; empty: the write was refused
     * @param version the znode's after it
     */
    private record Entry(
            long place, Optional<ClusterRecord> taken, ZnodeVersion version, Optional<Origin> by) {}

    /**
     * What a leader has when it sends to a follower.
     *
     * @param appliedPlace of the last entry in {@code record} and {@code version}; those behind it
     *     are in {@code logged}
     */
    private record Sent(
            List<Entry> logged,
            long appliedPlace,
            Optional<ClusterRecord> record,
            ZnodeVersion version) {}

    private static final class Member {
        private final int index;
        private boolean up;
        private boolean frozen;
        private Role role = Role.LOOKING;
        private int leader = -1;

        /** Durable: the newest term that it took part in, and the entries behind the applied. */
        private long term;

        private final List<Entry> logged = new ArrayList<>();
        private long appliedPlace;
        private Optional<ClusterRecord> record = Optional.empty();
        private ZnodeVersion version = ZnodeVersion.ABSENT;

        /** Of what its leader sends. */
        private long lastArrivalNanos;

        /** As leader: how far each member has logged. */
        private final long[] reached = new long[MEMBERS];

        /** Grows when it starts, ends or changes its role: what was on its way then is void. */
        private long life;

        private Member(int index) {
            this.index = index;
        }

        private boolean runs() {
            return up && !frozen;
        }

        private boolean serves() {
            return runs() && role != Role.LOOKING;
        }

        private long lastPlace() {
            return logged.isEmpty() ? appliedPlace : logged.getLast().place();
        }

        private ZnodeVersion lastVersion() {
            return logged.isEmpty() ? version : logged.getLast().version();
        }

        private void copy(Member leader) {
            logged.clear();
            logged.addAll(leader.logged);
            appliedPlace = leader.appliedPlace;
            record = leader.record;
            version = leader.version;
        }
    }

    private final World world;
    private final List<Member> members = new ArrayList<>();
    private final List<EnsembleClient> clients = new ArrayList<>();

    /** By the box at its end: nothing passes from the box, or to it. */
    private final boolean[] witnessCutFrom = new boolean[2];

    private final boolean[] witnessCutTo = new boolean[2];
    private final long[][] brokenSince = new long[MEMBERS][MEMBERS];
    private boolean electionPlanned;
    private final boolean[] isolated = new boolean[2];
    private final OptionalLong[] delays = {OptionalLong.empty(), OptionalLong.empty()};
    private double late;
    private double lost;

    Ensemble(World world) {
        this.world = world;
        for (int index = 0; index < MEMBERS; index++) {
            members.add(new Member(index));
        }
        for (var since : brokenSince) {
            java.util.Arrays.fill(since, Long.MIN_VALUE / 2);
        }
    }

    // ---- faults ----

    /** A member's process starts; what it had logged is there. */
    void start(int index) {
        var member = members.get(index);
        if (!member.up) {
            member.up = true;
            member.frozen = false;
            look(member);
            changed();
        }
    }

    /**
     * @param told whether the kernel closes its connections; a machine without power does not
     */
    void stop(int index, boolean told) {
        var member = members.get(index);
        if (member.up) {
            member.up = false;
            look(member);
            if (told) {
                List.copyOf(clients).forEach(client -> client.reset(index));
            }
            changed();
        }
    }

    /** The process stands still, and its connections with it. */
    void freeze(int index, boolean frozen) {
        members.get(index).frozen = frozen;
        changed();
    }

    boolean isUp(int index) {
        return members.get(index).up;
    }

    /** The member that leads for a quorum; empty while none is known to. */
    Optional<Integer> leader() {
        return members.stream()
                .filter(member -> member.serves() && member.role == Role.LEADING)
                .max(Comparator.comparingLong(member -> member.term))
                .map(member -> member.index);
    }

    /** Between a box and the witness, in each direction. */
    void cutWitness(int box, boolean from, boolean to) {
        witnessCutFrom[box] = from;
        witnessCutTo[box] = to;
        changed();
    }

    /**
     * How requests fare, as probabilities.
     *
     * @param late of each: executed up to seconds later, by whoever leads then
     * @param lost of each answer
     */
    void weather(double late, double lost) {
        this.late = late;
        this.lost = lost;
    }

    void expireSession(int box) {
        List.copyOf(clients).stream()
                .filter(client -> client.box() == box)
                .forEach(EnsembleClient::expire);
    }

    /** A box's clients reach no member, not even their own; the members hear each other. */
    void isolate(int box, boolean lost) {
        isolated[box] = lost;
        changed();
    }

    /**
     * The next write of a box is executed so much later; as soon as it is sent, the box is
     * isolated.
     *
     * @param nanos {@link Long#MAX_VALUE}: never
     */
    void delayNextWrite(int box, long nanos) {
        delays[box] = OptionalLong.of(nanos);
    }

    /** Whether {@link #delayNextWrite} was ordered, and no write has come since. */
    boolean awaitsAWriteToDelay() {
        return delays[0].isPresent() || delays[1].isPresent();
    }

    void healAll() {
        weather(0, 0);
        for (int box = 0; box < 2; box++) {
            cutWitness(box, false, false);
            isolate(box, false);
        }
        freeze(WITNESS, false);
        start(WITNESS);
    }

    boolean isWhole() {
        return late == 0
                && lost == 0
                && members.stream().allMatch(Member::serves)
                && !isolated[0]
                && !isolated[1]
                && !witnessCutFrom[0]
                && !witnessCutFrom[1]
                && !witnessCutTo[0]
                && !witnessCutTo[1];
    }

    // ---- paths ----

    private boolean passes(int from, int to) {
        if (from == to) {
            return true;
        }
        if (from == WITNESS || to == WITNESS) {
            return from == WITNESS ? !witnessCutTo[to] : !witnessCutFrom[from];
        }
        return world.network().passes(Network.LAN, from);
    }

    /** Whether both could answer each other now. */
    private boolean hear(Member one, Member other) {
        return one.runs()
                && other.runs()
                && passes(one.index, other.index)
                && passes(other.index, one.index);
    }

    /** Whether they answered each other at some time of the last pings. */
    private boolean heardLately(Member one, Member other) {
        return hear(one, other)
                || world.agenda().nowNanos() - brokenSince[one.index][other.index]
                        < PING_LIMIT_NANOS;
    }

    boolean reaches(int box, int member) {
        var other = members.get(member);
        return other.runs() && !isolated[box] && passes(box, member) && passes(member, box);
    }

    boolean serves(int member) {
        return members.get(member).serves();
    }

    long appliedPlace(int member) {
        return members.get(member).appliedPlace;
    }

    /** Something was broken or mended. */
    void changed() {
        long now = world.agenda().nowNanos();
        for (var one : members) {
            for (var other : members) {
                if (hear(one, other)) {
                    brokenSince[one.index][other.index] = Long.MAX_VALUE;
                } else if (brokenSince[one.index][other.index] == Long.MAX_VALUE) {
                    brokenSince[one.index][other.index] = now;
                }
            }
        }
        for (var member : members) {
            if (member.serves() && member.role == Role.LEADING) {
                spread(member);
            }
        }
        world.agenda().after(PING_LIMIT_NANOS + 1, this::notice);
        world.agenda().after(world.chance().about(LATENCY_NANOS), this::notice);
    }

    /** Whoever is without a quorum for too long looks for another one. */
    private void notice() {
        for (var member : members) {
            if (member.serves() && !hasQuorum(member)) {
                look(member);
            }
        }
        planElection();
        List.copyOf(clients).forEach(EnsembleClient::look);
    }

    private boolean hasQuorum(Member member) {
        if (member.role == Role.FOLLOWING) {
            var leader = members.get(member.leader);
            return leader.up
                    && heardLately(member, leader)
                    && (!leader.runs()
                            || (leader.role == Role.LEADING && leader.term == member.term));
        }
        int heard = 1;
        for (var other : members) {
            if (other.role == Role.FOLLOWING
                    && other.leader == member.index
                    && other.term == member.term
                    && other.up
                    && heardLately(member, other)) {
                heard++;
            }
        }
        return heard >= QUORUM;
    }

    private void look(Member member) {
        member.role = Role.LOOKING;
        member.leader = -1;
        member.life++;
        planElection();
        List.copyOf(clients).forEach(client -> client.memberLeft(member.index));
    }

    private void planElection() {
        if (!electionPlanned && members.stream().anyMatch(this::couldJoin)) {
            electionPlanned = true;
            world.agenda()
                    .after(
                            world.chance().about(ELECTION_NANOS),
                            () -> {
                                electionPlanned = false;
                                elect();
                                planElection();
                            });
        }
    }

    private boolean couldJoin(Member member) {
        return member.runs()
                && member.role == Role.LOOKING
                && members.stream()
                        .anyMatch(other ->
                                other != member
                                        && hear(member, other)
                                        && (other.role == Role.LOOKING
                                                || (other.role == Role.LEADING
                                                        && other.term >= member.term)));
    }

    private void elect() {
        for (var member : members) {
            if (!member.runs() || member.role != Role.LOOKING) {
                continue;
            }
            var leading =
                    members.stream()
                            .filter(other ->
                                    other.role == Role.LEADING
                                            && hear(member, other)
                                            && other.term >= member.term)
                            .max(Comparator.comparingLong(other -> other.term));
            if (leading.isPresent()) {
                follow(member, leading.get());
                continue;
            }
            var party =
                    members.stream()
                            .filter(other ->
                                    other == member
                                            || (other.role == Role.LOOKING && hear(member, other)))
                            .toList();
            if (party.size() >= QUORUM) {
                lead(party);
            }
        }
    }

    /** The newest of them leads; what it has logged is the order from now on. */
    private void lead(List<Member> party) {
        var newest =
                party.stream()
                        .max(
                                Comparator.<Member>comparingLong(member -> member.term)
                                        .thenComparingLong(Member::lastPlace)
                                        .thenComparingInt(member -> member.index))
                        .orElseThrow();
        long term = party.stream().mapToLong(member -> member.term).max().orElseThrow() + 1;
        newest.role = Role.LEADING;
        newest.term = term;
        newest.life++;
        java.util.Arrays.fill(newest.reached, -1);
        world.trace().say("", () -> "ensemble   member " + newest.index + " leads term " + term);
        for (var member : party) {
            if (member != newest && hear(member, newest)) {
                follow(member, newest);
            }
        }
    }

    private void follow(Member member, Member leader) {
        member.copy(leader);
        member.term = leader.term;
        member.role = Role.FOLLOWING;
        member.leader = leader.index;
        member.life++;
        leader.reached[member.index] = member.lastPlace();
        commit(leader);
    }

    // ---- requests ----

    void join(EnsembleClient client) {
        clients.add(client);
    }

    void leave(EnsembleClient client) {
        clients.remove(client);
    }

    /**
     * A request leaves a client: executed once, later, or never.
     *
     * @param connection of the client, at {@code member}
     */
    void ask(EnsembleClient client, long connection, int member, EnsembleRequest request) {
        boolean delayed = world.chance().happens(late);
        long travel = world.chance().about(LATENCY_NANOS);
        if (isolated[client.box()] || !passes(client.box(), member)) {
            return;
        }
        var planned = delays[client.box()];
        if (planned.isPresent() && request instanceof EnsembleRequest.Write) {
            delays[client.box()] = OptionalLong.empty();
            world.agenda()
                    .after(
                            travel,
                            () -> {
                                client.expire();
                                isolate(client.box(), true);
                            });
            if (planned.getAsLong() != Long.MAX_VALUE) {
                world.agenda()
                        .after(
                                travel + planned.getAsLong(),
                                () -> arrive(client, connection, member, request));
            }
            return;
        }
        if (!delayed) {
            world.agenda().after(travel, () -> arrive(client, connection, member, request));
            return;
        }
        world.agenda()
                .after(
                        world.chance().about(1_500_000_000L),
                        () -> arrive(client, connection, member, request));
    }

    private void arrive(EnsembleClient client, long connection, int at, EnsembleRequest request) {
        var member = members.get(at);
        if (!member.serves()) {
            return;
        }
        switch (request) {
            case EnsembleRequest.Look(long number) ->
                    answer(
                            client,
                            connection,
                            member,
                            new EnsembleEvent.Found(number, member.record, member.version));
            case EnsembleRequest.Write write ->
                    forward(
                            member,
                            member.life,
                            write,
                            new Origin(client, connection, at, write.number()));
        }
    }

    /** To the leader, for as long as this member follows it. */
    private void forward(Member member, long life, EnsembleRequest.Write write, Origin by) {
        if (!member.up || member.life != life) {
            return;
        }
        if (member.role == Role.LEADING) {
            propose(member, write, by);
            return;
        }
        var leader = members.get(member.leader);
        if (member.runs() && leader.runs() && passes(member.index, leader.index)) {
            long term = member.term;
            world.agenda()
                    .after(
                            world.chance().about(LATENCY_NANOS),
                            () -> {
                                if (leader.serves()
                                        && leader.role == Role.LEADING
                                        && leader.term == term) {
                                    propose(leader, write, by);
                                }
                            });
        } else {
            world.agenda()
                    .after(
                            world.chance().about(RETRY_NANOS),
                            () -> forward(member, life, write, by));
        }
    }

    private void propose(Member leader, EnsembleRequest.Write write, Origin by) {
        boolean taken = write.expected().equals(leader.lastVersion());
        long place = Math.max(leader.term << 32, leader.lastPlace()) + 1;
        leader.logged.add(
                new Entry(
                        place,
                        taken ? Optional.of(write.record()) : Optional.empty(),
                        taken
                                ? new ZnodeVersion(leader.lastVersion().value() + 1)
                                : leader.lastVersion(),
                        Optional.of(by)));
        spread(leader);
    }

    /** The leader's entries on their way to each follower that hears it. */
    private void spread(Member leader) {
        for (var member : members) {
            if (member.role == Role.FOLLOWING
                    && member.leader == leader.index
                    && member.term == leader.term
                    && passes(leader.index, member.index)) {
                var sent =
                        new Sent(
                                List.copyOf(leader.logged),
                                leader.appliedPlace,
                                leader.record,
                                leader.version);
                long life = member.life;
                // One connection: what is sent later does not come earlier.
                member.lastArrivalNanos =
                        Math.max(
                                member.lastArrivalNanos + 1,
                                world.agenda().nowNanos()
                                        + world.chance().about(LATENCY_NANOS)
                                        + world.chance().about(World.DISK_LATENCY_NANOS));
                world.agenda()
                        .at(
                                member.lastArrivalNanos,
                                () -> {
                                    if (member.runs() && member.life == life) {
                                        take(member, leader, sent);
                                    }
                                });
            }
        }
    }

    private void take(Member member, Member leader, Sent sent) {
        if (member.lastPlace() < sent.appliedPlace()) {
            // What was sent while it stood still, or was cut off, is lost: it is synced anew.
            member.logged.clear();
            member.appliedPlace = sent.appliedPlace();
            member.record = sent.record();
            member.version = sent.version();
        }
        for (var entry : sent.logged()) {
            if (entry.place() > member.lastPlace()) {
                member.logged.add(entry);
            }
        }
        apply(member, sent.appliedPlace());
        if (!passes(member.index, leader.index)) {
            return;
        }
        long reached = member.lastPlace();
        long term = member.term;
        world.agenda()
                .after(
                        world.chance().about(LATENCY_NANOS),
                        () -> {
                            if (leader.serves()
                                    && leader.role == Role.LEADING
                                    && leader.term == term) {
                                leader.reached[member.index] =
                                        Math.max(leader.reached[member.index], reached);
                                commit(leader);
                            }
                        });
    }

    /** With one follower that has it, an entry is on a quorum. */
    private void commit(Member leader) {
        long newest = 0;
        for (int index = 0; index < MEMBERS; index++) {
            if (index != leader.index) {
                newest = Math.max(newest, leader.reached[index]);
            }
        }
        if (newest > leader.appliedPlace && !leader.logged.isEmpty()) {
            apply(leader, newest);
            spread(leader);
        }
    }

    private void apply(Member member, long upTo) {
        while (!member.logged.isEmpty() && member.logged.getFirst().place() <= upTo) {
            var entry = member.logged.removeFirst();
            member.appliedPlace = entry.place();
            if (entry.taken().isPresent()) {
                member.record = entry.taken();
                member.version = entry.version();
                world.invariants().taken(entry.version().value(), entry.taken().get());
            }
            entry.by()
                    .filter(by -> by.member() == member.index && member.serves())
                    .ifPresent(by ->
                            answer(
                                    by.client(),
                                    by.connection(),
                                    member,
                                    entry.taken().isPresent()
                                            ? new EnsembleEvent.Written(
                                                    by.number(), entry.version())
                                            : new EnsembleEvent.VersionMismatch(by.number())));
        }
    }

    private void answer(
            EnsembleClient client, long connection, Member member, EnsembleEvent answer) {
        if (world.chance().happens(lost)
                || isolated[client.box()]
                || !passes(member.index, client.box())) {
            return;
        }
        long place = member.appliedPlace;
        world.agenda()
                .after(
                        world.chance().about(LATENCY_NANOS),
                        () -> client.answered(connection, place, answer));
    }
}
