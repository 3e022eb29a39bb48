package io.leasehold.dhcp;

import java.nio.file.Path;

/**
 * Where things are on the replicated volume. The same under the mount point of the primary and
 * under the backing directory of the secondary, so a check that runs on the one runs on the other.
 *
 * <pre>
 * dhcpd.conf                     written by the administrator
 * dhcpd.leases, dhcpd.leases~    written by dhcpd
 * .leasehold/dhcp/
 *   dhcpd.conf                   the accepted configuration: what dhcpd really runs on
 *   history                      marker: this volume has held leases
 *   generations/000017.conf      accepted configurations, the newest ones
 *   torn/dhcpd.leases.TIME       what the guard cut off
 *   kept/dhcpd.leases.TIME       lease files as they were before a promotion
 * </pre>
 *
 * @param root the mount point or the backing directory
 */
public record VolumeLayout(Path root) {

    public static final String CONFIGURATION = "dhcpd.conf";
    public static final String LEASES = "dhcpd.leases";

    public VolumeLayout {
        if (!root.isAbsolute()) {
            throw new IllegalArgumentException("the volume needs an absolute path, not " + root);
        }
        root = root.normalize();
    }

    public Path configuration() {
        return root.resolve(CONFIGURATION);
    }

    public Path leases() {
        return root.resolve(LEASES);
    }

    public Path leasesBefore() {
        return root.resolve(LEASES + "~");
    }

    /** Ours: an administrator may read here, and has no reason to write. */
    public Path privateDirectory() {
        return root.resolve(".leasehold").resolve("dhcp");
    }

    public Path acceptedConfiguration() {
        return privateDirectory().resolve(CONFIGURATION);
    }

    public Path generations() {
        return privateDirectory().resolve("generations");
    }

    public Path historyMarker() {
        return privateDirectory().resolve("history");
    }

    public Path torn() {
        return privateDirectory().resolve("torn");
    }

    public Path kept() {
        return privateDirectory().resolve("kept");
    }
}
