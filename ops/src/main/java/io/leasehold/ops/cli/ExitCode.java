package io.leasehold.ops.cli;

/** How a command ended, for scripts. The same for every command; documented in commands.md. */
enum ExitCode {
    /** It was done, or the answer is yes. */
    DONE(0),
    /** It was tried and did not work. */
    FAILED(1),
    /** The command line is wrong. Nothing was tried. */
    USAGE(2),
    /** It was not tried, with the reason and the rule. */
    REFUSED(3),
    /** The answer is no: not ready, or not everything is as it should be. */
    DEGRADED(4),
    /** No daemon answered. Whether an order was carried out is unknown. */
    UNREACHABLE(5);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
