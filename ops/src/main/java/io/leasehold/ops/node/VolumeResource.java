package io.leasehold.ops.node;

import io.leasehold.blockrep.ReplicatedVolume;
import io.leasehold.heartbeat.keeper.KeeperClient;
import io.leasehold.heartbeat.resource.Health;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mount of the replicated volume. Its descriptor belongs to the keeper, so that the mount
 * outlives this process. While the volume is not mounted here, the mount point says where it is.
 */
final class VolumeResource implements ResourceShell {
    private static final Logger log = LoggerFactory.getLogger(VolumeResource.class);

    private final ReplicatedVolume volume;
    private final KeeperClient keeper;
    private final Path mountPoint;
    private final Consumer<String> giveUp;
    private final Supplier<String> whereItIs;

    /**
     * @param giveUp kills the DHCP server, then ends the mount, then this process, for a reason
     * @param whereItIs the note for the mount point while the volume is not mounted here
     */
    VolumeResource(
            ReplicatedVolume volume,
            KeeperClient keeper,
            Path mountPoint,
            Consumer<String> giveUp,
            Supplier<String> whereItIs) {
        this.volume = volume;
        this.keeper = keeper;
        this.mountPoint = mountPoint;
        this.giveUp = giveUp;
        this.whereItIs = whereItIs;
    }

    @Override
    public void start(boolean adopt, Duration limit) throws ResourceException {
        if (adopt && !isMounted(mountPoint)) {
            throw new ResourceException(mountPoint + " is not mounted any more");
        }
        try {
            if (adopt) {
                resume();
            } else {
                Files.createDirectories(mountPoint);
                mount(false);
            }
        } catch (IOException e) {
            throw new ResourceException(
                    "cannot mount the volume at " + mountPoint + ": " + e.getMessage(), e);
        }
    }

    /**
     * Goes on with the mount of the daemon before. If that cannot be, whoever waits in it, the DHCP
     * server above all, cannot even be stopped: the node is given up.
     */
    private void resume() throws IOException {
        try {
            mount(true);
        } catch (IOException e) {
            giveUp.accept(
                    "the mount at "
                            + mountPoint
                            + " cannot be taken over from the daemon before: "
                            + e.getMessage());
            throw e;
        }
    }

    private void mount(boolean resume) throws IOException {
        try (var descriptor = keeper.fuseDescriptor(mountPoint)) {
            volume.mount(descriptor.number(), mountPoint, resume);
        }
    }

    @Override
    public void stop(Duration limit) throws ResourceException {
        try {
            if (volume.facts().mountPoint().isPresent()) {
                try {
                    volume.unmount(false);
                } catch (IOException busy) {
                    // Somebody's shell stands in it. The DHCP server is gone (stops are in order),
                    // so that nobody who matters gets an error.
                    log.warn("{}; ending what still uses {}", busy.getMessage(), mountPoint);
                    volume.unmount(true);
                }
            }
            keeper.releaseFuseDescriptor();
        } catch (IOException e) {
            throw new ResourceException("cannot unmount " + mountPoint + ": " + e.getMessage(), e);
        }
        note();
    }

    @Override
    public Health monitor(Duration limit) {
        return volume.facts().mountPoint().isPresent() && isMounted(mountPoint)
                ? new Health.Good()
                : new Health.Failed(
                        mountPoint + " is not mounted any more, or something is mounted over it");
    }

    /**
     * Puts the note into the mount point. It is a courtesy: a failure is logged and that is all.
     */
    void note() {
        try {
            Files.createDirectories(mountPoint);
            volume.markReadOnlyNote(mountPoint, whereItIs.get());
        } catch (IOException e) {
            log.warn("cannot put a note into {}: {}", mountPoint, e.getMessage());
        }
    }

    /** Whether the volume is what a user of the mount point gets. */
    static boolean isMounted(Path mountPoint) {
        try {
            return ReplicatedVolume.isOnTop(mountPoint);
        } catch (IOException e) {
            log.warn("cannot see what is mounted at {}: {}", mountPoint, e.getMessage());
            return false;
        }
    }
}
