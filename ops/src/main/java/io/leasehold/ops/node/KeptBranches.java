package io.leasehold.ops.node;

import io.leasehold.blockrep.resync.Branch;
import io.leasehold.blockrep.resync.Branches;
import io.leasehold.dhcp.VolumeLayout;
import io.leasehold.dhcp.lease.LeaseComparison;
import io.leasehold.dhcp.lease.LeaseDifference;
import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.layout.LayoutReader;
import io.leasehold.heartbeat.layout.LayoutWriter;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import io.leasehold.ops.control.BranchView;
import io.leasehold.ops.control.BranchesView;
import io.leasehold.ops.control.Replies;
import io.leasehold.ops.control.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What resyncs set aside on this node and on the peer: told to a person until somebody has looked,
 * shown when asked, removed when it is too much or too old. A branch is read on the node that keeps
 * it; the other one knows its name, and says where it is.
 *
 * <pre>
 *   question  empty
 *   answer    count, then each branch, the newest first: name, files, bytes, looked at
 * </pre>
 *
 * <p>Thread-safe.
 */
final class KeptBranches {
    private static final Logger log = LoggerFactory.getLogger(KeptBranches.class);

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);

    /** Differences that are shown; {@code branches export} has all of the leases'. */
    private static final int SHOWN_MAX = 200;

    /** So many fit into one answer for certain. */
    private static final int TOLD_MAX = 200;

    private static final int NAME_BYTES_MAX = 128;

    private final NodeName self;
    private final NodeName peerName;
    private final Branches branches;
    private final Branches.Limits limits;
    private final PeerTalk peer;
    private final InstantSource clock;
    private final BiConsumer<String, String> history;

    private final Set<Branch> told = new HashSet<>();
    // Read without the lock: a status must not wait for the disk.
    private volatile List<BranchesView.Summary> here = List.of();
    private volatile List<BranchesView.Summary> atPeer = List.of();

    /**
     * @param history is told what happened to a branch, and why or what to do
     */
    KeptBranches(
            NodeName self,
            NodeName peerName,
            Path volumeDirectory,
            Branches.Limits limits,
            PeerTalk peer,
            InstantSource clock,
            BiConsumer<String, String> history) {
        this.self = self;
        this.peerName = peerName;
        this.branches = new Branches(volumeDirectory);
        this.limits = limits;
        this.peer = peer;
        this.clock = clock;
        this.history = history;
    }

    /**
     * Looks for new ones, removes what is beyond the limits, and asks the peer. Every few seconds.
     */
    void look() throws InterruptedException {
        lookHere();
        askPeer();
    }

    private synchronized void lookHere() {
        try {
            for (var gone : branches.retain(limits, clock.instant())) {
                log.info("branch {} is removed: {}", gone.branch(), gone.reason());
                history.accept(gone.branch() + " is removed", gone.reason());
            }
            here = summaries();
        } catch (IOException e) {
            log.error("the branches cannot be listed: {}", e.getMessage());
            return;
        }
        for (var branch : here) {
            if (!branch.lookedAt() && told.add(Branch.named(branch.name()).orElseThrow())) {
                history.accept(
                        branch.name() + " is kept: what only " + self + " had",
                        "clusterctl branches show " + branch.name());
            }
        }
    }

    private boolean askPeer() throws InterruptedException {
        var answer = peer.ask(PeerTalk.Question.BRANCHES, new byte[0], ANSWER_LIMIT);
        if (answer.isEmpty()) {
            return false;
        }
        try {
            atPeer = decode(answer.get());
            return true;
        } catch (LayoutException e) {
            log.warn("the branches of {} are not understood: {}", peerName, e.getMessage());
            return false;
        }
    }

    /**
     * Our answer to the peer's question: as it is now, what a resync has just replaced included.
     */
    byte[] answer() {
        lookHere();
        var newest = here.stream().limit(TOLD_MAX).toList();
        var to = new LayoutWriter(PeerTalk.BODY_BYTES_MAX).count(newest.size());
        for (var branch : newest) {
            to.text(branch.name())
                    .number(branch.files())
                    .number(branch.bytes())
                    .flag(branch.lookedAt());
        }
        return to.toBytes();
    }

    private static List<BranchesView.Summary> decode(byte[] answer) throws LayoutException {
        var from = new LayoutReader(answer);
        var known = new ArrayList<BranchesView.Summary>();
        for (int left = from.count(TOLD_MAX); left > 0; left--) {
            var name = from.text(NAME_BYTES_MAX);
            var branch =
                    from.checked("the name of a branch", () -> Branch.named(name).orElseThrow());
            known.add(
                    summary(
                            branch,
                            new Branches.Content(from.quantity(), from.quantity()),
                            from.flag()));
        }
        from.end();
        return List.copyOf(known);
    }

    /** What a person should look at; one sentence for each node. */
    List<String> alarms() {
        return Stream.of(here, atPeer)
                .map(known -> known.stream().filter(branch -> !branch.lookedAt()).toList())
                .filter(unseen -> !unseen.isEmpty())
                .map(unseen ->
                        "%s had what the other copy has not: leases may be missing. It is kept (%s)%s:"
                                        .formatted(
                                                unseen.getFirst().node(),
                                                unseen.size() == 1
                                                        ? "1 branch"
                                                        : unseen.size() + " branches",
                                                unseen.getFirst().node().equals(self.value())
                                                        ? ""
                                                        : " there")
                                + " clusterctl branches show "
                                + unseen.getFirst().name())
                .toList();
    }

    /** Those of both nodes. */
    Reply.Answer list() throws InterruptedException {
        lookHere();
        boolean answered = askPeer();
        var known = atPeer;
        return new Reply.Report(
                new BranchesView(
                        Stream.concat(here.stream(), known.stream()).toList(),
                        answered
                                ? List.of()
                                : List.of(
                                        peerName
                                                + " cannot be asked now"
                                                + (known.isEmpty()
                                                        ? "; it may keep branches, too"
                                                        : "; of its branches this is what it said"
                                                                + " last"))));
    }

    /** What is in a branch; a person has looked at it by that. */
    Reply.Answer show(String name) throws IOException, InterruptedException {
        var found = branches.find(name);
        if (found.isEmpty()) {
            return notHere(name);
        }
        var branch = found.get();
        var tree = branches.tree(branch);
        var live = branches.liveTree();
        var files = branches.differences(branch);
        var leases = new ArrayList<LeaseDifference>();
        var atRisk = new ArrayList<LeaseDifference>();
        var counts =
                leaseComparison(branch)
                        .run(lease -> {
                            var list = lease.isAtRisk() ? atRisk : leases;
                            if (list.size() < SHOWN_MAX) {
                                list.add(lease);
                            }
                        });
        branches.lookedAt(branch);
        return new Reply.Report(
                new BranchView(
                        branch.name(),
                        branch.node().value(),
                        branch.keptAt(),
                        branch.epoch(),
                        branch.last().value(),
                        sentence(branch, files.size(), counts),
                        tree.toString(),
                        live.toString(),
                        files.size(),
                        files.stream().limit(SHOWN_MAX).map(Views::fileDifference).toList(),
                        counts.aside(),
                        counts.live(),
                        counts.different(),
                        counts.atRisk(),
                        Stream.concat(atRisk.stream(), leases.stream())
                                .limit(SHOWN_MAX)
                                .map(Views::leaseDifference)
                                .toList()));
    }

    /** Every lease in which a branch and the live volume differ. */
    Reply.Answer leases(String name, Replies replies) throws IOException, InterruptedException {
        var branch = branches.find(name);
        if (branch.isEmpty()) {
            return notHere(name);
        }
        var counts =
                leaseComparison(branch.get())
                        .run(lease -> replies.lease(Views.leaseDifference(lease)));
        return new Reply.Done(leaseSentence(counts));
    }

    private LeaseComparison leaseComparison(Branch branch) {
        var live = new VolumeLayout(branches.liveTree()).leases();
        var kept = new VolumeLayout(branches.tree(branch)).leases();
        // What a partial branch lacks was the same on both nodes.
        boolean same = branches.isPartial(branch) && !Files.exists(kept);
        return new LeaseComparison(same ? live : kept, live, clock.instant());
    }

    private Reply.Answer notHere(String name) throws InterruptedException {
        askPeer();
        boolean isAtPeer = atPeer.stream().anyMatch(branch -> branch.name().equals(name));
        return new Reply.Refused(
                isAtPeer
                        ? name + " is on the disk of " + peerName + ": ask there"
                        : "no branch " + name + " is known: clusterctl branches list",
                Rule.INPUT);
    }

    private static String sentence(Branch branch, int files, LeaseComparison.Counts leases) {
        return "This is what %s had of epoch %d, up to operation %d, when it was made equal. %s %s"
                .formatted(
                        branch.node(),
                        branch.epoch(),
                        branch.last().value(),
                        files == 0
                                ? "Its files are those of the live volume."
                                : files == 1
                                        ? "1 file differs from the live volume's."
                                        : files + " files differ from the live volume's.",
                        leaseSentence(leases));
    }

    private static String leaseSentence(LeaseComparison.Counts leases) {
        if (leases.different() == 0) {
            return "All leases are the same.";
        }
        return (leases.different() == 1
                        ? "1 lease differs, "
                        : leases.different() + " leases differ, ")
                + switch (leases.atRisk()) {
                    case 0 -> "none of them is at risk.";
                    case 1 ->
                            "1 is at risk: a client may be using the address, and the live volume"
                                    + " does not know.";
                    default ->
                            leases.atRisk()
                                    + " are at risk: clients may be using the addresses, and the live"
                                    + " volume does not know.";
                };
    }

    private List<BranchesView.Summary> summaries() throws IOException {
        var kept = branches.list();
        told.retainAll(kept);
        var summaries = new ArrayList<BranchesView.Summary>();
        for (var branch : kept) {
            summaries.add(summary(branch, branches.content(branch), branches.isLookedAt(branch)));
        }
        return List.copyOf(summaries);
    }

    private static BranchesView.Summary summary(
            Branch branch, Branches.Content content, boolean lookedAt) {
        return new BranchesView.Summary(
                branch.name(),
                branch.node().value(),
                branch.keptAt(),
                branch.epoch(),
                branch.last().value(),
                content.files(),
                content.bytes(),
                lookedAt);
    }
}
