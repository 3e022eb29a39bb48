package io.leasehold.dhcp;

/** How much a {@link Finding} matters, the gravest last. */
public enum Severity {
    /** Worth knowing; nothing has to be done. */
    NOTE,
    /** Service works, but something is lost or at risk; nothing is refused for it. */
    WARNING,
    /** The thing that was looked at is refused for it. */
    ERROR
}
