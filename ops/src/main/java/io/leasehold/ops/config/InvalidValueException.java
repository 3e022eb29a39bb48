package io.leasehold.ops.config;

import java.util.Optional;

/** A value is not of the type that its key has. */
final class InvalidValueException extends Exception {
    private static final long serialVersionUID = 1;

    private final String hint;

    InvalidValueException(String message) {
        this(message, "");
    }

    InvalidValueException(String message, String hint) {
        super(message, null, false, false);
        this.hint = hint;
    }

    String message() {
        return String.valueOf(getMessage());
    }

    Optional<String> hint() {
        return hint.isEmpty() ? Optional.empty() : Optional.of(hint);
    }
}
