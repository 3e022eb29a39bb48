package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Finding;
import java.util.List;

/** What a check of a configuration came to. */
public sealed interface Verdict {

    List<Finding> findings();

    /** It may be used; the findings are warnings and notes. */
    record Good(Configuration configuration, List<Finding> findings) implements Verdict {
        public Good {
            findings = List.copyOf(findings);
            if (Finding.anyError(findings)) {
                throw new IllegalStateException("an error does not make a good configuration");
            }
        }
    }

    /** It may not: at least one finding is an error. */
    record Bad(List<Finding> findings) implements Verdict {
        public Bad {
            findings = List.copyOf(findings);
            if (!Finding.anyError(findings)) {
                throw new IllegalStateException("refused without a reason");
            }
        }
    }
}
