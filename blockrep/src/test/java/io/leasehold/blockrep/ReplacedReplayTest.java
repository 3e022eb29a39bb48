package io.leasehold.blockrep;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.journal.FaultyDirectory;
import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.journal.Superblock;
import io.leasehold.blockrep.link.LoopbackSession;
import io.leasehold.blockrep.replication.ClusterName;
import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.replication.Replication;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A replay of which another plan takes the place, while its thread is about to send. */
class ReplacedReplayTest {
    private LoopbackSession session;
    private Journal journal;
    private EventQueue events;
    private Replicator replicator;

    @BeforeEach
    void begin() throws IOException {
        session = new LoopbackSession();
        journal =
                Journal.open(
                        new FaultyDirectory(),
                        16 << 10,
                        3,
                        () ->
                                Superblock.fresh(
                                        new DeviceId(1, 1), new ClusterName("test"), "boot"));
        events = new EventQueue("test-events");
        replicator =
                new Replicator(
                        journal,
                        new Replication(new NodeName("a"), new NodeName("b"), 0, 1_000),
                        () -> 0,
                        events,
                        _ -> () -> {},
                        () -> {},
                        failure -> failure);
        replicator.becomeWriter(1);
        replicator.beginReplay(1);
    }

    @AfterEach
    void end() throws IOException {
        events.close();
        journal.close();
        session.close();
    }

    private boolean puts(long plan) {
        var asked = new AtomicReference<>(false);
        boolean current = replicator.putReplayed(plan, session.session(), _ -> asked.set(true));
        assertThat(asked.get()).isEqualTo(current);
        return current;
    }

    @Test
    void shouldSendNothingMoreOnceAnotherPlanHasBegun() {
        assertThat(puts(1)).isTrue();
        replicator.beginReplay(2);
        assertThat(puts(1)).isFalse();
        assertThat(puts(2)).isTrue();
        replicator.stopWriting();
        assertThat(puts(2)).isFalse();
    }

    /** Otherwise the frame would come behind the begin of the new plan. */
    @Test
    void shouldLetNoOtherPlanBeginWhileItSends() throws Exception {
        var next = new Thread(() -> replicator.beginReplay(2));
        var state = new AtomicReference<>(Thread.State.NEW);
        replicator.putReplayed(
                1,
                session.session(),
                _ -> {
                    next.start();
                    do {
                        state.set(next.getState());
                    } while (state.get() == Thread.State.NEW
                            || state.get() == Thread.State.RUNNABLE);
                });
        next.join();

        assertThat(state.get()).isEqualTo(Thread.State.WAITING);
        assertThat(puts(1)).isFalse();
    }
}
