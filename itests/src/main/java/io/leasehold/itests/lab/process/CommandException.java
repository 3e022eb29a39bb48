package io.leasehold.itests.lab.process;

import java.io.IOException;

/** A program failed, or did not end in time. The message has its command line and its output. */
public final class CommandException extends IOException {
    private static final long serialVersionUID = 1L;

    public CommandException(String message) {
        super(message);
    }
}
