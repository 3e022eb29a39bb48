package io.leasehold.itests.exhaustive;

/** Something happened that must never happen. */
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String rule;
    private final String sentence;

    /**
     * @param rule of PROTOCOL.md, or the invariant
     */
    Violation(String rule, String sentence) {
        super(sentence, null, false, false);
        this.rule = rule;
        this.sentence = sentence;
    }

    String rule() {
        return rule;
    }

    String sentence() {
        return sentence;
    }
}
