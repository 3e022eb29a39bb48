package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;

/**
 * What is counted for ever is counted anew while nobody could tell: versions of a znode are only
 * asked for equality, and numbers of requests and confirmations only while one is under way.
 *
 * @param versions so much less is every version of the znode; very old ones become one
 * @param numbers of requests and confirmations begin at 0 again: none is under way
 */
record Renumbering(int versions, boolean numbers) {
    static final Renumbering NONE = new Renumbering(0, false);

    /** The version that the znode has after each renumbering. */
    static final int VERSION = 8;

    static ZnodeVersion less(ZnodeVersion version, int by) {
        return version.isAbsent() || by == 0
                ? version
                : new ZnodeVersion(Math.max(0, version.value() - by));
    }
}
