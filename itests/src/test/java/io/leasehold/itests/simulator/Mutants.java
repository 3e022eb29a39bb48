package io.leasehold.itests.simulator;

import io.leasehold.itests.exhaustive.Explorer;
import io.leasehold.itests.exhaustive.ExplorerMutants;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * At least one deliberate break for each of PROTOCOL.md's rules, and what has to notice it: a
 * history of a seed, a stored history, or the explorer.
 */
final class Mutants {
    private static final int HISTORIES_MAX = 500;

    /**
     * A break.
     *
     * @param rules that do not hold by it
     */
    record Mutant(List<Integer> rules, String how, Hunt hunt) {

        /** What noticed it, and after how much. */
        record Caught(String by, String after) {}

        interface Hunt {
            /** Empty: nothing noticed. */
            Optional<Caught> hunt();
        }

        String names() {
            return rules.stream().map(rule -> "R" + rule).collect(Collectors.joining(", "));
        }
    }

    private Mutants() {}

    static List<Mutant> all() {
        return List.of(
                mutant("a promotion keeps the epoch that it found", BrokenRules.SameEpoch::new, 1),
                mutant("a promise is not written down", BrokenRules.PromisesForgotten::new, 2),
                mutant(
                        "the peer's acknowledgement is taken for granted",
                        BrokenRules.AcknowledgedUnasked::new,
                        3),
                mutant(
                        "a primary that lost its session goes on alone",
                        BrokenRules.SoloAtOnce::new,
                        4),
                mutant("silence is a proof", BrokenRules.SilenceIsProof::new, 5, 7, 37),
                mutant(
                        "an outdated copy counts as up to date",
                        BrokenRules.OutdatedWillDo::new,
                        6,
                        24),
                mutant(
                        "a loser answers what still waits for the peer",
                        history(
                                "h10-the-winner-dies-while-it-waits",
                                BrokenRules.LoserCompletes::new),
                        8),
                mutant(
                        "the gate of who lost stays open",
                        states(ExplorerMutants::gateStaysOpen),
                        8,
                        9),
                mutant("the peer enters inSync when it is met", BrokenRules.GrowWhenMet::new, 10),
                mutant(
                        "the solo permit outlives the grow",
                        stored("h01-permit-outlives-the-grow"),
                        10),
                mutant(
                        "a restart by permit goes on in its epoch",
                        stored("h09-a-restart-by-permit"),
                        1,
                        20),
                mutant("a word of an old session counts", stored("h13-a-session-after-another"), 2),
                mutant("an old hand-over skips the wait", stored("h06-an-old-hand-over"), 2, 17),
                mutant(
                        "the gate never shuts, and nobody watches a daemon that stands still",
                        stored("patroni-the-frozen-primary-wakes"),
                        9,
                        38),
                mutant(
                        "a look decides whose request was taken",
                        stored("h04-the-grow-of-a-predecessor"),
                        11),
                mutant(
                        "what is sent is not written here before",
                        stored("h07-the-same-place-twice"),
                        25,
                        26),
                mutant(
                        "a member is resynced in place",
                        stored("h14-a-resync-while-it-takes-over"),
                        31),
                mutant(
                        "a change that a look does not show was never made",
                        stored("h02-a-look-shows-no-grow"),
                        11),
                mutant(
                        "the own copy is believed more than another's record",
                        stored("h03-the-reply-to-the-grow-is-lost"),
                        11),
                mutant(
                        "with a witness, a fence replaces the change of the record",
                        stored("a-fence-beside-the-ensemble"),
                        12),
                mutant(
                        "without witness and peer, the primary goes on alone",
                        history(
                                "h10-the-winner-dies-while-it-waits",
                                BrokenRules.SoloWithoutTheWitness::new),
                        13),
                mutant(
                        "the witness is asked who lives, not who has the data",
                        stored("drbd-the-tiebreaker-changes-sides"),
                        14),
                mutant(
                        "a secondary does not see that the primary confirms",
                        history(
                                "one-way-links-and-a-witness-for-both",
                                BrokenRules.ConfirmationsUnseen::new),
                        15),
                mutant("outdated is said, but not written", BrokenRules.OutdatedUnwritten::new, 16),
                mutant(
                        "handed over before anything is stopped",
                        BrokenRules.HandedOverAtOnce::new,
                        17),
                mutant(
                        "a power-on looks like a restart of the daemon",
                        BrokenRules.OneBootForEver::new,
                        18,
                        19,
                        36),
                mutant(
                        "the new power-on is durable before the doubt that it brings",
                        stored("h08-the-boot-id-before-the-doubt"),
                        18),
                mutant(
                        "every node holds the solo permit when it starts",
                        BrokenRules.PermitForAll::new,
                        20),
                mutant(
                        "the solo permit is written with the win, before the wait",
                        stored("h10-the-winner-dies-while-it-waits"),
                        20),
                mutant(
                        "a forced epoch is not marked",
                        history(
                                "a-forced-history-and-the-one-before",
                                BrokenRules.ForcedUnmarked::new),
                        21),
                mutant(
                        "a diverged tail is taken for a prefix",
                        BrokenRules.DivergedIsBehind::new,
                        22,
                        25),
                mutant(
                        "equal places are equal copies",
                        history("the-same-place-with-other-content", BrokenRules.EqualByPlace::new),
                        23),
                mutant(
                        "the source of a resync forgets what it has touched",
                        BrokenRules.SourceForgets::new,
                        23),
                mutant(
                        "the target of a resync forgets its own tail",
                        BrokenRules.TargetForgets::new,
                        25),
                mutant("what was synced is not durable", BrokenRules.DiskForgets::new, 26),
                mutant(
                        "a restarted primary continues without the peer's promise",
                        BrokenRules.ResumesUnasked::new,
                        27),
                mutant(
                        "to meet the peer counts as its word that it is outdated",
                        BrokenRules.MetIsOutdated::new,
                        28),
                mutant(
                        "a node says that it is outdated while its gate is open (P1)",
                        stored("h12-outdated-with-an-open-gate"),
                        28),
                mutant(
                        "a split brain is a tail that nobody acknowledged",
                        history(
                                "both-sides-are-told-that-the-other-is-off",
                                BrokenRules.SplitBrainIsATail::new),
                        29),
                mutant(
                        "two histories with nothing in common are compared",
                        history("two-histories-by-force", BrokenRules.StrangersCompared::new),
                        30),
                mutant(
                        "an inconsistent copy may promote",
                        history(
                                "an-empty-disk-whose-daemon-is-restarted",
                                BrokenRules.InconsistentWillDo::new),
                        31),
                mutant(
                        "a sync that failed is tried again, and then counts",
                        history("a-failed-sync-is-final", BrokenRules.SyncTriedAgain::new),
                        32),
                mutant(
                        "an operation is complete before it is durable here",
                        BrokenRules.CompleteBeforeDurable::new,
                        33),
                mutant(
                        "a fence device that cannot be reached has fenced",
                        stored("drbd-suspend-io-a-broken-fence-makes-no-generation"),
                        34),
                mutant("a proof that was used counts again", stored("h11-a-fence-from-before"), 34),
                mutant(
                        "both shoot at once",
                        history("both-see-the-other-silent", BrokenRules.BothShootAtOnce::new),
                        35),
                mutant(
                        "a primary without its clients shoots when a sound secondary does",
                        stored("the-primary-is-cut-off-from-everything"),
                        35),
                mutant(
                        "a node is powered on however often it was fenced",
                        history("fenced-again-and-again", BrokenRules.FencesUncounted::new),
                        36),
                mutant(
                        "demoted while openers can still write",
                        BrokenRules.DemotedWhileOpen::new,
                        38),
                mutant(
                        "the service starts before the promotion has applied what was received",
                        history("what-came-last-is-read-first", BrokenRules.ReadsAtOnce::new),
                        39),
                mutant("decisions are not noted", states(ExplorerMutants::nothingIsNoted), 40));
    }

    private static Mutant mutant(String how, Supplier<Sabotage> broken, Integer... rules) {
        return mutant(how, seeds(broken), rules);
    }

    private static Mutant mutant(String how, Mutant.Hunt hunt, Integer... rules) {
        return new Mutant(List.of(rules), how, hunt);
    }

    // ---------------------------------------------------------------- what has to notice

    private static Mutant.Hunt seeds(Supplier<Sabotage> broken) {
        return () -> {
            for (int seed = 1; seed <= HISTORIES_MAX; seed++) {
                var violation = Simulation.run(seed, false, broken.get()).violation();
                if (violation.isPresent()) {
                    return Optional.of(
                            new Mutant.Caught(
                                    violation.get().rule(),
                                    seed == 1 ? "1 history" : seed + " histories"));
                }
            }
            return Optional.empty();
        };
    }

    /** The stored history that says itself which rule it breaks. */
    private static Mutant.Hunt stored(String name) {
        return () -> {
            var script = read(name);
            return played(
                    name,
                    script,
                    BrokenRules.named(script.broken().orElseThrow().mutants()),
                    false);
        };
    }

    /** A stored history that passes with every rule on, expectations included. */
    private static Mutant.Hunt history(String name, Supplier<Sabotage> broken) {
        return () -> played(name, read(name), broken.get(), true);
    }

    private static Script read(String name) {
        try {
            var file = ScenarioTest.FOLDER.resolve(name + ".txt");
            return Script.parse(name, Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<Mutant.Caught> played(
            String name, Script script, Sabotage broken, boolean expecting) {
        var after = "stored history `" + name + "`";
        try {
            script.play(broken, expecting);
            return Optional.empty();
        } catch (Violation violation) {
            return Optional.of(new Mutant.Caught(violation.rule(), after));
        } catch (AssertionError unexpected) {
            return Optional.of(new Mutant.Caught("what it expects", after));
        } catch (RuntimeException bug) {
            // A check of the production code that failed: its process would have stopped.
            return Optional.of(new Mutant.Caught("check", after));
        }
    }

    private static Mutant.Hunt states(Supplier<Explorer.Answer> search) {
        return () -> {
            var answer = search.get();
            return answer.broken()
                    .map(broken ->
                            new Mutant.Caught(
                                    broken.rule(),
                                    answer.states() == 0
                                            ? "explorer, before any fault"
                                            : "explorer, %d states, %d moves deep"
                                                    .formatted(
                                                            answer.states(), answer.depth() + 1)));
        };
    }
}
