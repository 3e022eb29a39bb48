package io.leasehold.blockrep.volume;

/**
 * A call is refused. Thrown often (every look-up of a name that is not there), hence without a
 * stack trace.
 */
public final class RefusedException extends Exception {

    private static final long serialVersionUID = 1L;

    private final Refusal refusal;

    RefusedException(Refusal refusal) {
        super(refusal.name(), null, false, false);
        this.refusal = refusal;
    }

    public Refusal refusal() {
        return refusal;
    }
}
