package io.leasehold.blockrep.volume;

/**
 * Which extended attributes are replicated: {@code user.} and {@code trusted.}, but not the
 * volume's own.
 */
enum XattrNamespace {
    USER("user."),
    TRUSTED("trusted."),
    /**
     * {@code trusted.leasehold.}: how the volume marks its files; nobody else sees or changes it.
     */
    OWN("trusted.leasehold."),
    /** security., system. (so POSIX ACLs too) and whatever else: not supported. */
    OTHER("");

    private final String prefix;

    XattrNamespace(String prefix) {
        this.prefix = prefix;
    }

    static XattrNamespace of(Bytes name) {
        if (hasPrefix(name, OWN.prefix)) {
            return OWN;
        }
        // A prefix alone is no name.
        if (hasPrefix(name, USER.prefix) && name.lengthBytes() > USER.prefix.length()) {
            return USER;
        }
        if (hasPrefix(name, TRUSTED.prefix) && name.lengthBytes() > TRUSTED.prefix.length()) {
            return TRUSTED;
        }
        return OTHER;
    }

    static boolean isVisible(Bytes name) {
        return switch (of(name)) {
            case USER, TRUSTED -> true;
            case OWN, OTHER -> false;
        };
    }

    private static boolean hasPrefix(Bytes name, String prefix) {
        if (name.lengthBytes() < prefix.length()) {
            return false;
        }
        for (int i = 0; i < prefix.length(); i++) {
            if (name.at(i) != prefix.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
