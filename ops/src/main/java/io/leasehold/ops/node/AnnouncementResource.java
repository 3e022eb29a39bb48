package io.leasehold.ops.node;

import io.leasehold.heartbeat.address.GratuitousArp;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the neighbours where the virtual address is now. Started when the first burst is out; the
 * repetitions until the neighbours believe it go on beside the service.
 */
final class AnnouncementResource implements ResourceShell {
    private static final Logger log = LoggerFactory.getLogger(AnnouncementResource.class);

    private final GratuitousArp announcement;
    private final Journalist history;

    AnnouncementResource(GratuitousArp announcement, Journalist history) {
        this.announcement = announcement;
        this.history = history;
    }

    @Override
    public void start(boolean adopt, Duration limit) throws ResourceException {
        if (adopt) {
            return; // the neighbours were told by the process before us
        }
        Thread.ofPlatform().name("gratuitous-arp").daemon().start(this::announce);
    }

    private void announce() {
        var begun = System.nanoTime();
        try {
            var outcome = announcement.announce();
            history.did(
                    "address",
                    "announced "
                            + announcement.address().getHostAddress()
                            + " in "
                            + outcome.bursts()
                            + " bursts; "
                            + outcome.convinced().size()
                            + " neighbours have it, "
                            + outcome.silent().size()
                            + " did not answer",
                    Duration.ofNanos(System.nanoTime() - begun));
            if (!outcome.rivals().isEmpty()) {
                log.error(
                        "{} is also claimed by {}: another station uses the cluster's address",
                        announcement.address().getHostAddress(),
                        outcome.rivals());
            }
        } catch (IOException e) {
            log.error(
                    "cannot announce {} on {}: {}; clients find it when their ARP entries expire",
                    announcement.address().getHostAddress(),
                    announcement.interfaceName(),
                    e.getMessage());
        }
    }

    @Override
    public void stop(Duration limit) {}
}
