package io.leasehold.itests.lab.cli;

import io.leasehold.itests.lab.LabOptions;
import picocli.CommandLine.Option;

/** Which pair is brought up; of every command that does. */
final class PairOptions {
    @Option(
            names = "--arbiter",
            description = "who decides which box may serve: ${COMPLETION-CANDIDATES}",
            defaultValue = "fencing")
    LabOptions.Arbiter arbiter = LabOptions.Arbiter.FENCING;

    @Option(
            names = "--profile",
            description = "how soon a silent peer is suspected: ${COMPLETION-CANDIDATES}",
            defaultValue = "default")
    LabOptions.Profile profile = LabOptions.Profile.DEFAULT;
}
