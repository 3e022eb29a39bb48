package io.leasehold.ops.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * Who may use the control socket: root, the daemon's own user, and members of the configured
 * groups.
 *
 * <p>The kernel names the primary group only; further members are looked up in {@code /etc/group},
 * where an appliance has them. A group that only a directory service knows must be the caller's
 * primary group.
 */
record Access(Set<String> groups, String self, Path groupFile) {
    static final Path GROUP_FILE = Path.of("/etc/group");

    static Access of(Set<String> groups) {
        return new Access(Set.copyOf(groups), System.getProperty("user.name", "root"), GROUP_FILE);
    }

    boolean permits(Caller caller) throws IOException {
        return caller.user().equals("root")
                || caller.user().equals(self)
                || groups.contains(caller.group())
                || (!groups.isEmpty() && isListedMember(caller.user()));
    }

    /** A line is {@code name:password:id:user,user}; see group(5). */
    private boolean isListedMember(String user) throws IOException {
        for (var line : Files.readAllLines(groupFile)) {
            var fields = line.split(":", -1);
            if (fields.length >= 4
                    && groups.contains(fields[0])
                    && Set.of(fields[3].split(",", -1)).contains(user)) {
                return true;
            }
        }
        return false;
    }
}
