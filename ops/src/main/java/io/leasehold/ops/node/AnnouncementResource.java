package io.leasehold.ops.node;

import io.leasehold.heartbeat.address.GratuitousArp;
import io.leasehold.heartbeat.resource.Health;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the neighbours where the virtual address is now. Started when the first burst is out; the
 * repetitions until the neighbours believe it go on beside the service.
 *
 * <p>One more burst is sent at each look for as long as this node serves: a neighbour that was cut
 * off during the first ones, or that somebody else has told otherwise meanwhile, learns it without
 * any change of roles here (keepalived #166: after a healed split, nobody told it again).
 */
final class AnnouncementResource implements ResourceShell {
    private static final Logger log = LoggerFactory.getLogger(AnnouncementResource.class);

    /** How it is sent; blocks its thread. */
    interface Sender {
        GratuitousArp.Outcome send(GratuitousArp announcement) throws IOException;
    }

    private final GratuitousArp announcement;
    private final Sender sender;
    private final Journalist history;

    AnnouncementResource(GratuitousArp announcement, Sender sender, Journalist history) {
        this.announcement = announcement;
        this.sender = sender;
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
            var outcome = sender.send(announcement);
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
    public Health monitor(Duration limit) {
        try {
            var _ = sender.send(announcement.once());
            return new Health.Good();
        } catch (IOException e) {
            return new Health.Failed(
                    "cannot announce "
                            + announcement.address().getHostAddress()
                            + " on "
                            + announcement.interfaceName()
                            + ": "
                            + e.getMessage());
        }
    }

    @Override
    public void stop(Duration limit) {}
}
