package io.leasehold.dhcp.guard;

import io.leasehold.dhcp.Finding;
import java.time.Duration;
import java.util.List;

/** Whether the DHCP server may start on this volume. */
public sealed interface GuardReport {

    List<Finding> findings();

    Duration took();

    /**
     * It may. The findings say what was put right and what a person should know.
     *
     * @param leases addresses with a record in the lease file
     * @param active how many of them are bound to a client now
     * @param trimmedBytes length of a torn last record that was cut off and kept; 0 if there was
     *     none
     */
    record Clear(
            int leases,
            int active,
            int trimmedBytes,
            long generation,
            List<Finding> findings,
            Duration took)
            implements GuardReport {
        public Clear {
            findings = List.copyOf(findings);
        }
    }

    /** It may not: at least one finding is an error. Nothing on the volume was lost for it. */
    record Refused(List<Finding> findings, Duration took) implements GuardReport {
        public Refused {
            findings = List.copyOf(findings);
            if (!Finding.anyError(findings)) {
                throw new IllegalStateException("refused without a reason");
            }
        }
    }
}
