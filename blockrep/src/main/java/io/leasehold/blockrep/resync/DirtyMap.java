package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.replication.DeviceId;
import io.leasehold.blockrep.resync.KnownChanges.SharedPoint;
import io.leasehold.blockrep.volume.Changes;
import io.leasehold.blockrep.volume.Seq;

/**
 * What a run of operations has touched.
 *
 * @param device of the copy that it is about
 * @param historyUse which of the copy's histories ({@link
 *     io.leasehold.blockrep.journal.Superblock})
 * @param from behind this one the run begins
 * @param to its last operation
 * @param changes what it touched, or more
 */
record DirtyMap(DeviceId device, long historyUse, SharedPoint from, Seq to, Changes changes) {

    /** The changes of a longer run have been added. */
    DirtyMap upTo(Seq longer) {
        return new DirtyMap(device, historyUse, from, longer, changes);
    }
}
