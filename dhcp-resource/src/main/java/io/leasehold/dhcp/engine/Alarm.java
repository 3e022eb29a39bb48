package io.leasehold.dhcp.engine;

import java.nio.file.Path;

/** Something about a running dhcpd that a person or the resource manager must act on. */
public sealed interface Alarm {

    /**
     * dhcpd said that a lease did not reach the disk, and has sent the ACK nevertheless
     * (server/dhcp.c, {@code delayed_acks_timer} ignores the result). The node must stop serving.
     */
    record CommitFailed(String logLine) implements Alarm {}

    /**
     * dhcpd could not replace its lease file. It goes on appending to a file that nobody will ever
     * read, and does not try again (server/db.c, {@code new_lease_file}). Only a restart cures it.
     */
    record RewriteFailed(String logLine) implements Alarm {}

    /** The same, seen in dhcpd's open files. */
    record LeaseFileDetached(Path leases, String openFile) implements Alarm {}

    /** dhcpd met something in its lease file that it did not understand or want, and dropped it. */
    record LeaseDropped(String logLine) implements Alarm {}

    /** A subnet ran out of addresses. Service goes on for clients that hold one. */
    record NoFreeLeases(String logLine) implements Alarm {}

    /** An address that was believed to be free answered a ping, or a client declined it. */
    record AddressConflict(String logLine) implements Alarm {}

    /** dhcpd ended though nobody had stopped it. */
    record Ended(ProcessHost.Exit exit, String lastLogLines) implements Alarm {}

    /** Whether the server must be restarted, or its node give up, for it. */
    default boolean isFatal() {
        return switch (this) {
            case CommitFailed _, RewriteFailed _, LeaseFileDetached _, Ended _ -> true;
            case LeaseDropped _, NoFreeLeases _, AddressConflict _ -> false;
        };
    }
}
