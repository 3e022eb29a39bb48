package io.leasehold.dhcp.engine;

import java.util.Optional;

/** What the lines of dhcpd 4.4's log mean to us. Pure. */
final class LogLine {

    /** The last line of a start: sockets are open, the lease file is read and rewritten. */
    static final String READY = "Server starting service.";

    private LogLine() {}

    static Optional<Alarm> alarmOf(String line) {
        if (line.startsWith("commit_leases: unable to commit")
                || (line.startsWith("write_") && line.contains(": unable to write "))
                || line.startsWith("unable to write class ")) {
            return Optional.of(new Alarm.CommitFailed(line));
        }
        if (line.startsWith("new_lease_file: ")
                || (line.startsWith("Can't ")
                        && (line.contains(" new lease file")
                                || line.contains(" new lease database")
                                || line.contains(" lease database ")))) {
            return Optional.of(new Alarm.RewriteFailed(line));
        }
        if (line.contains("possible data loss")
                || line.contains("corrupt lease file")
                || line.startsWith("undeclared lease found")
                || (line.startsWith("lease ") && line.endsWith(": no subnet."))
                || line.endsWith("unexpected end of file")) {
            return Optional.of(new Alarm.LeaseDropped(line));
        }
        // Only in the answer to a client, whose name dhcpd puts before it.
        if (line.startsWith("DHCP") && line.endsWith(": no free leases")) {
            return Optional.of(new Alarm.NoFreeLeases(line));
        }
        if (line.startsWith("Abandoning IP address ") || line.endsWith(": declined.")) {
            return Optional.of(new Alarm.AddressConflict(line));
        }
        return Optional.empty();
    }

    /** Lines that every start prints and that explain nothing. */
    static boolean isBoilerplate(String line) {
        return line.isBlank()
                || line.startsWith("Internet Systems Consortium")
                || line.startsWith("Copyright")
                || line.startsWith("All rights reserved")
                || line.startsWith("For info, please visit")
                || line.startsWith("Config file:")
                || line.startsWith("Database file:")
                || line.startsWith("PID file:")
                || line.startsWith("Wrote ")
                || line.startsWith("If you think you have received this message")
                || line.startsWith("than a configuration issue")
                || line.startsWith("bugs on either our web page")
                || line.startsWith("before submitting a bug")
                || line.equals("process and the information we find helpful for debugging.")
                || line.equals("exiting.");
    }
}
