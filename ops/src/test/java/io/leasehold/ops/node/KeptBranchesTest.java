package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.resync.Branch;
import io.leasehold.blockrep.resync.Branches;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.control.BranchView;
import io.leasehold.ops.control.BranchesView;
import io.leasehold.ops.control.EventView;
import io.leasehold.ops.control.LeaseDifferenceView;
import io.leasehold.ops.control.Replies;
import io.leasehold.ops.control.Reply;
import io.leasehold.ops.control.View;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes whose daemons talk; the first one keeps a branch. */
class KeptBranchesTest {
    private static final Instant NOW = Instant.parse("2026-11-23T04:00:00Z");
    private static final long SESSION = 7;
    private static final String NAME = "2026-11-23T030000Z-dhcp1-epoch7-seq4711";

    @TempDir private Path directory;

    private final List<String> history = new ArrayList<>();
    private boolean connected = true;
    private KeptBranches first;
    private KeptBranches second;

    @BeforeEach
    void connect() throws IOException {
        var toFirst = new AtomicReference<PeerTalk>();
        var ofSecond = new PeerTalk(message -> passOn(toFirst.get(), message), _ -> {});
        toFirst.set(new PeerTalk(message -> passOn(ofSecond, message), _ -> {}));
        first = of("dhcp1", "dhcp2", toFirst.get());
        second = of("dhcp2", "dhcp1", ofSecond);
        toFirst.get().answerWith((_, _) -> first.answer());
        ofSecond.answerWith((_, _) -> second.answer());
        Files.createDirectories(directory.resolve("dhcp1/live/tree"));
        Files.createDirectories(directory.resolve("dhcp2/live/tree"));
    }

    private boolean passOn(PeerTalk to, byte[] message) {
        if (connected) {
            to.received(SESSION, message);
        }
        return connected;
    }

    private KeptBranches of(String self, String peer, PeerTalk talk) {
        return new KeptBranches(
                new NodeName(self),
                new NodeName(peer),
                directory.resolve(self),
                new Branches.Limits(2, 1 << 20, Duration.ofDays(90)),
                talk,
                InstantSource.fixed(NOW),
                (what, cause) -> history.add(what + " / " + cause));
    }

    private Path keep(String name) throws IOException {
        return Files.createDirectories(
                directory.resolve("dhcp1/branches").resolve(name).resolve("tree"));
    }

    private static String lease(String address, int client) {
        return """
        lease %s {
          starts 1 2026/11/23 03:00:00;
          ends 2 2026/11/24 03:00:00;
          cltt 1 2026/11/23 03:00:00;
          binding state active;
          next binding state free;
          hardware ethernet 02:00:5e:00:53:%02x;
        }
        """
                .formatted(address, client);
    }

    private static <T extends View> T report(Class<T> type, Reply.Answer answer) {
        assertThat(answer).isInstanceOf(Reply.Report.class);
        return type.cast(((Reply.Report) answer).view());
    }

    @Test
    void shouldTellOnBothNodesUntilSomebodyLooked() throws Exception {
        keep(NAME);
        first.look();
        second.look();

        assertThat(history).singleElement().asString().contains(NAME, "branches show");
        assertThat(first.alarms())
                .singleElement()
                .asString()
                .contains("dhcp1 had what", "clusterctl branches show " + NAME);
        assertThat(second.alarms()).singleElement().asString().contains("there", NAME);

        report(BranchView.class, first.show(NAME));
        first.look();
        second.look();

        assertThat(first.alarms()).isEmpty();
        assertThat(second.alarms()).isEmpty();
        assertThat(history).as("told once").hasSize(1);
    }

    @Test
    void shouldListWhatBothNodesKeep() throws Exception {
        Files.writeString(keep(NAME).resolve("dhcpd.leases"), "12345");

        var seen = report(BranchesView.class, first.list());

        assertThat(seen.branches())
                .containsExactly(
                        new BranchesView.Summary(
                                NAME,
                                "dhcp1",
                                Instant.parse("2026-11-23T03:00:00Z"),
                                7,
                                4711,
                                1,
                                5,
                                false));
        assertThat(seen.remarks()).isEmpty();
        assertThat(report(BranchesView.class, second.list())).isEqualTo(seen);
    }

    @Test
    void shouldSayThatThePeerCouldNotBeAsked() throws Exception {
        connected = false;

        assertThat(report(BranchesView.class, first.list()).remarks())
                .singleElement()
                .asString()
                .contains("dhcp2 cannot be asked");
    }

    @Test
    void shouldSayWhichNodeToAsk() throws Exception {
        keep(NAME);
        first.look();

        assertThat(second.show(NAME))
                .isInstanceOfSatisfying(
                        Reply.Refused.class,
                        refused -> assertThat(refused.sentence()).contains("on the disk of dhcp1"));
        assertThat(second.show("no-such-branch"))
                .isInstanceOfSatisfying(
                        Reply.Refused.class,
                        refused -> assertThat(refused.sentence()).contains("branches list"));
    }

    @Test
    void shouldCompareFilesAndLeasesWithTheLiveCopy() throws Exception {
        var tree = keep(NAME);
        var live = directory.resolve("dhcp1/live/tree");
        Files.writeString(
                tree.resolve("dhcpd.leases"), lease("192.0.2.1", 1) + lease("192.0.2.2", 2));
        Files.writeString(
                live.resolve("dhcpd.leases"), lease("192.0.2.1", 1) + lease("192.0.2.3", 3));
        Files.writeString(tree.resolve("dhcpd.conf"), "same");
        Files.writeString(live.resolve("dhcpd.conf"), "same");

        var shown = report(BranchView.class, first.show(NAME));

        assertThat(shown.files())
                .extracting(BranchView.FileView::path)
                .containsExactly("dhcpd.leases");
        assertThat(shown.leasesInBranch()).isEqualTo(2);
        assertThat(shown.leasesDifferent()).isEqualTo(2);
        assertThat(shown.leasesAtRisk()).isEqualTo(1);
        assertThat(shown.leases())
                .extracting(LeaseDifferenceView::address, LeaseDifferenceView::difference)
                .containsExactly(
                        org.assertj.core.api.Assertions.tuple("192.0.2.2", "only-in-branch"),
                        org.assertj.core.api.Assertions.tuple("192.0.2.3", "only-live"));
        assertThat(shown.sentence()).contains("epoch 7", "operation 4711", "1 is at risk");
        assertThat(streamed()).isEqualTo(shown.leases());
    }

    private List<LeaseDifferenceView> streamed() throws Exception {
        var leases = new ArrayList<LeaseDifferenceView>();
        var answer =
                first.leases(
                        NAME,
                        new Replies() {
                            @Override
                            public void progress(String text) {
                                throw new AssertionError(text);
                            }

                            @Override
                            public void event(EventView event) {
                                throw new AssertionError(event);
                            }

                            @Override
                            public void lease(LeaseDifferenceView lease) {
                                leases.add(lease);
                            }

                            @Override
                            public boolean isListening() {
                                return true;
                            }
                        });
        assertThat(answer).isInstanceOf(Reply.Done.class);
        return leases;
    }

    @Test
    void shouldRemoveWhatIsBeyondTheLimitsAndNoteIt() throws Exception {
        keep(NAME);
        var oldest = NAME.replace("T03", "T01");
        keep(oldest);
        keep(NAME.replace("T03", "T02"));
        first.look();

        assertThat(history)
                .filteredOn(line -> line.contains("is removed"))
                .singleElement()
                .asString()
                .startsWith(oldest)
                .endsWith("there are 2 newer ones");
        assertThat(report(BranchesView.class, second.list()).branches()).hasSize(2);
        assertThat(Branch.named(NAME).orElseThrow().last()).isEqualTo(new Seq(4711));
    }
}
