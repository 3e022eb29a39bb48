package io.leasehold.dhcp.config;

import io.leasehold.dhcp.VolumeLayout;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a configuration is read, and what its paths mean.
 *
 * @param mountPoint the volume as the configuration names it in absolute paths
 * @param volume the volume as it is reached here: the mount point on the primary, the backing
 *     directory on the secondary
 */
public record ConfigurationSource(Path mountPoint, VolumeLayout volume) {

    public ConfigurationSource {
        mountPoint = mountPoint.normalize();
    }

    public static ConfigurationSource mounted(VolumeLayout volume) {
        return new ConfigurationSource(volume.root(), volume);
    }

    /**
     * Where an included file is found here. A relative path starts at the volume's root.
     *
     * @return empty if it lies outside the volume
     */
    Optional<Path> locate(String included) {
        var path = mountPoint.resolve(included).normalize();
        return path.startsWith(mountPoint)
                ? Optional.of(volume.root().resolve(mountPoint.relativize(path)))
                : Optional.empty();
    }

    /** How an administrator, who knows the mount point, names that file. */
    Path shown(Path file) {
        return file.startsWith(volume.root())
                ? mountPoint.resolve(volume.root().relativize(file))
                : file;
    }
}
