package io.leasehold.blockrep.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A peer that takes what is sent slowly, or not at all, costs a bounded amount of memory. */
class OutboxTest {
    private static final int OPERATION_BYTES = 256 << 10;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private LoopbackSession loopback;
    private Outbox outbox;

    @BeforeEach
    void open() throws IOException {
        loopback = new LoopbackSession();
        outbox = loopback.outbox();
    }

    @AfterEach
    void close() throws IOException {
        loopback.close();
    }

    private void putOperation() {
        outbox.putOperation(
                true,
                1,
                new Seq(1),
                RequestId.NONE,
                Root.EMPTY,
                1,
                ByteBuffer.allocate(OPERATION_BYTES));
    }

    @Test
    void shouldEndTheSessionBeforeTooMuchWaits() {
        int put = 0;
        while (loopback.session().endReason().isEmpty()) {
            putOperation();
            put++;
            assertThat((long) (put - 1) * OPERATION_BYTES).isLessThan(Outbox.HARD_BYTES_MAX);
        }

        assertThat(loopback.session().endReason().orElseThrow())
                .contains("the peer does not take what is sent");
        putOperation();
        assertThat(outbox.isEmpty()).as("nothing is kept for a session that has ended").isTrue();
        assertThat(outbox.hasRoom()).as("nobody waits for it any more").isTrue();
    }

    @Test
    void shouldHaveNoRoomLongBeforeThat() {
        while (outbox.hasRoom()) {
            putOperation();
        }

        assertThat(loopback.session().endReason()).isEmpty();
    }

    /** One thread waits for the socket; others put in more, up to the bound, and only then wait. */
    @Test
    void shouldLetThoseWaitWhoFillIt() throws Exception {
        fill();
        var sender = Thread.ofPlatform().daemon().start(outbox::flush);
        // It has taken what there was, and waits for a peer that does not read.
        Awaitility.await().atMost(LIMIT).until(outbox::isEmpty);
        fill();
        var filler =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            try {
                                outbox.makeRoom();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        Awaitility.await().atMost(LIMIT).until(() -> filler.getState() == Thread.State.WAITING);
        assertThat(sender.isAlive()).isTrue();

        loopback.takeEverything();

        assertThat(filler.join(LIMIT)).as("there is room").isTrue();
        assertThat(sender.join(LIMIT)).as("everything is sent").isTrue();
        assertThat(loopback.session().endReason()).isEmpty();
    }

    private void fill() {
        while (outbox.hasRoom()) {
            putOperation();
        }
    }
}
