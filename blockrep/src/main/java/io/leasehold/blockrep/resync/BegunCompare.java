package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.journal.Journal;
import io.leasehold.blockrep.link.Outbox;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.wire.Frame.CompareBegins;
import java.nio.file.Path;

/**
 * A compare that a source has begun with this copy.
 *
 * @param directory of the volume
 * @param volume that is compared
 * @param journal of that volume
 * @param outbox for answers
 * @param epoch for answers
 * @param base the place in the order behind which operations are sent at the end
 * @param begins what the source said
 */
public record BegunCompare(
        Path directory,
        Volume volume,
        Journal journal,
        Outbox outbox,
        long epoch,
        Seq base,
        CompareBegins begins) {}
