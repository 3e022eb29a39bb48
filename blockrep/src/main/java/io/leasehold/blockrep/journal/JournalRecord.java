package io.leasehold.blockrep.journal;

import io.leasehold.blockrep.replication.Root;
import io.leasehold.blockrep.volume.RequestId;
import io.leasehold.blockrep.volume.Seq;

/**
 * One operation as the journal keeps it.
 *
 * @param seq its place
 * @param epoch the writer that gave it the place
 * @param request which request it carries out
 * @param root the rolling hash including this operation
 * @param operation encoded; the array belongs to the record and is not changed
 */
@SuppressWarnings(
        "ArrayRecordComponent") // Carries bytes from one place to the next; never compared.
public record JournalRecord(Seq seq, long epoch, RequestId request, Root root, byte[] operation) {}
