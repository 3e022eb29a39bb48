package io.leasehold.itests.simulator;

/** Something happened that must never happen. Ends the history. */
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String rule;

    /**
     * @param rule of PROTOCOL.md, or the invariant
     */
    Violation(String rule, String sentence) {
        super(sentence);
        this.rule = rule;
    }

    String rule() {
        return rule;
    }
}
