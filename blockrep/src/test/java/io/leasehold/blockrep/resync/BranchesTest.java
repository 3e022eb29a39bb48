package io.leasehold.blockrep.resync;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.volume.Seq;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BranchesTest {
    private static final Instant NOW = Instant.parse("2026-11-23T04:00:00Z");
    private static final Branches.Limits LIMITS =
            new Branches.Limits(3, 10_000, Duration.ofDays(90));

    @TempDir private Path volume;

    private Branches branches;

    @BeforeEach
    void open() {
        branches = new Branches(volume);
    }

    private Branch keep(Duration age, int bytes) throws IOException {
        var branch = new Branch(NOW.minus(age), new NodeName("dhcp-1"), 7, new Seq(4711));
        var tree = Files.createDirectories(volume.resolve("branches/" + branch.name() + "/tree/d"));
        Files.write(tree.resolve("file"), new byte[bytes]);
        return branch;
    }

    @Nested
    class Names {
        @Test
        void shouldSayWhenWhoseAndHowFar() {
            var branch = new Branch(NOW.plusNanos(5), new NodeName("dhcp-1"), 1500, new Seq(9));

            assertThat(branch.name()).isEqualTo("2026-11-23T040000Z-dhcp-1-epoch1500-seq9");
            assertThat(Branch.named(branch.name())).contains(branch);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "..",
                    "2026-11-23T040000Z-dhcp1-epoch7",
                    "2026-13-23T040000Z-dhcp1-epoch7-seq1",
                    "2026-11-23T040000Z-a/b-epoch7-seq1",
                    "2026-11-23T040000Z-dhcp1-epoch07-seq1",
                    "20261123-040000-epoch7-seq1"
                })
        void shouldNotTakeAnythingElseForOne(String name) {
            assertThat(Branch.named(name)).isEmpty();
        }
    }

    @Test
    void shouldListTheNewestFirstAndNothingThatIsNotOne() throws IOException {
        assertThat(branches.list()).isEmpty();
        var older = keep(Duration.ofDays(2), 1);
        var newer = keep(Duration.ofDays(1), 1);
        Files.createDirectories(volume.resolve("branches/my notes"));
        Files.createFile(volume.resolve("branches/" + newer.name().replace("4711", "4712")));

        assertThat(branches.list()).containsExactly(newer, older);
        assertThat(branches.find(older.name())).contains(older);
        assertThat(branches.find("my notes")).isEmpty();
    }

    @Test
    void shouldCountFilesAndRememberThatSomebodyLooked() throws IOException {
        var branch = keep(Duration.ofDays(1), 300);

        assertThat(branches.content(branch)).isEqualTo(new Branches.Content(1, 300));
        assertThat(branches.isLookedAt(branch)).isFalse();
        branches.lookedAt(branch);
        branches.lookedAt(branch);
        assertThat(branches.isLookedAt(branch)).isTrue();
        assertThat(branches.content(branch))
                .as("no file of ours")
                .isEqualTo(new Branches.Content(1, 300));
    }

    /** It is asked for every few seconds, and does not change any more. */
    @Test
    void shouldCountTheFilesOnce() throws IOException {
        var branch = keep(Duration.ofDays(1), 300);
        assertThat(branches.content(branch).files()).isEqualTo(1);

        Files.createFile(branches.tree(branch).resolve("counted never"));

        assertThat(branches.content(branch).files()).isEqualTo(1);
        assertThat(new Branches(volume).content(branch).files()).isEqualTo(2);
    }

    @Nested
    class Retention {
        private List<String> retain(Branches.Limits limits) throws IOException {
            return branches.retain(limits, NOW).stream()
                    .map(removed -> removed.branch().name())
                    .toList();
        }

        @Test
        void shouldKeepWhatIsWithinTheLimits() throws IOException {
            keep(Duration.ofDays(1), 9_000);
            keep(Duration.ofDays(2), 1_000);

            assertThat(retain(LIMITS)).isEmpty();
            assertThat(branches.list()).hasSize(2);
        }

        @Test
        void shouldRemoveTheOldestBeyondTheCount() throws IOException {
            var kept = new ArrayList<Branch>();
            for (int days = 1; days <= 5; days++) {
                kept.add(keep(Duration.ofDays(days), 1));
            }

            assertThat(retain(LIMITS)).containsExactly(kept.get(3).name(), kept.get(4).name());
            assertThat(branches.list()).isEqualTo(kept.subList(0, 3));
        }

        @Test
        void shouldRemoveTheOlderBeyondTheSizeButNotTheNewest() throws IOException {
            var newest = keep(Duration.ofDays(1), 10_001);
            var older = keep(Duration.ofDays(2), 1);

            assertThat(retain(LIMITS)).containsExactly(older.name());
            assertThat(branches.list()).containsExactly(newest);
        }

        @Test
        void shouldRemoveWhatIsTooOld() throws IOException {
            keep(Duration.ofDays(90), 1);
            var old = keep(Duration.ofDays(90).plusSeconds(1), 1);

            assertThat(retain(LIMITS)).containsExactly(old.name());
            assertThat(branches.list()).hasSize(1);
            assertThat(volume.resolve("branches/" + old.name())).doesNotExist();
        }

        @Test
        void shouldFinishARemovalThatACrashInterrupted() throws IOException {
            var branch = keep(Duration.ofDays(1), 1);
            Files.move(
                    volume.resolve("branches/" + branch.name()),
                    volume.resolve("branches/.removed-" + branch.name()));

            assertThat(branches.list()).isEmpty();
            assertThat(retain(LIMITS)).isEmpty();
            assertThat(volume.resolve("branches")).isEmptyDirectory();
        }

        @Test
        void shouldLeaveAloneWhatSomebodyElsePutThere() throws IOException {
            Files.createDirectories(volume.resolve("branches/my notes"));

            assertThat(retain(new Branches.Limits(1, 0, Duration.ofHours(1)))).isEmpty();
            assertThat(volume.resolve("branches/my notes")).exists();
        }
    }

    @Test
    void shouldSayWhereTheFilesDiffer() throws IOException {
        var branch = keep(Duration.ofDays(1), 300);
        var aside = branches.tree(branch);
        var live = Files.createDirectories(branches.liveTree());
        Files.createDirectories(live.resolve("d"));
        Files.write(live.resolve("d/file"), new byte[300]);
        Files.writeString(aside.resolve("changed"), "aaaa");
        Files.writeString(live.resolve("changed"), "aaab");
        Files.writeString(live.resolve("new"), "x");
        Files.createSymbolicLink(aside.resolve("link"), Path.of("d/file"));
        Files.writeString(live.resolve("link"), "");
        Files.createSymbolicLink(aside.resolve("same-link"), Path.of("nowhere"));
        Files.createSymbolicLink(live.resolve("same-link"), Path.of("nowhere"));

        assertThat(FileDifference.between(aside, live, false))
                .containsExactly(
                        new FileDifference(
                                Path.of("changed"), OptionalLong.of(4), OptionalLong.of(4)),
                        new FileDifference(Path.of("link"), OptionalLong.of(0), OptionalLong.of(0)),
                        new FileDifference(
                                Path.of("new"), OptionalLong.empty(), OptionalLong.of(1)));
    }

    @Test
    void shouldSayWhereTheKindsOfFilesDiffer() throws IOException {
        var branch = keep(Duration.ofDays(1), 300);
        var aside = branches.tree(branch);
        var live = Files.createDirectories(branches.liveTree());
        Files.createDirectories(live.resolve("d"));
        Files.write(live.resolve("d/file"), new byte[300]);
        Files.createSymbolicLink(aside.resolve("link-or-directory"), Path.of("d"));
        Files.createDirectory(live.resolve("link-or-directory"));
        Files.createDirectory(aside.resolve("directory-or-file"));
        Files.writeString(aside.resolve("directory-or-file/within"), "abc");
        Files.writeString(live.resolve("directory-or-file"), "x");

        assertThat(FileDifference.between(aside, live, false))
                .containsExactly(
                        new FileDifference(
                                Path.of("directory-or-file"),
                                OptionalLong.of(0),
                                OptionalLong.of(1)),
                        new FileDifference(
                                Path.of("directory-or-file/within"),
                                OptionalLong.of(3),
                                OptionalLong.empty()),
                        new FileDifference(
                                Path.of("link-or-directory"),
                                OptionalLong.of(0),
                                OptionalLong.of(0)));
    }
}
