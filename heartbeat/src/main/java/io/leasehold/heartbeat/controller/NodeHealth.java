package io.leasehold.heartbeat.controller;

import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.heartbeat.record.Rule;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** How this node's own volume, disk and client network are: facts, never rights. */
final class NodeHealth {
    private final NodeName me;
    private final NodeName peer;
    private final Set<String> trackInterfaces;
    private final Alarms alarms;
    private final Effects effects;
    private Optional<VolumeStatus> volume = Optional.empty();
    private boolean diskFailed;
    private final Set<String> downInterfaces = new TreeSet<>();

    NodeHealth(ClusterConfiguration config, Alarms alarms, Effects effects) {
        this.me = config.me();
        this.peer = config.peer();
        this.trackInterfaces = config.trackInterfaces();
        this.alarms = alarms;
        this.effects = effects;
    }

    void volumeReported(VolumeStatus status) {
        var refused = volume.flatMap(VolumeStatus::refusal);
        volume = Optional.of(status);
        if (!refused.equals(status.refusal())) {
            status.refusal()
                    .ifPresentOrElse(
                            reason -> alarms.raise("sync", peer + " is not synced: " + reason),
                            () -> alarms.clear("sync"));
        }
    }

    /** R32: a disk that failed once never works again in this life. Says whether this is news. */
    boolean diskFailed(String reason) {
        if (diskFailed) {
            return false;
        }
        diskFailed = true;
        alarms.raise("disk", "the disk of " + me + " failed: " + reason);
        effects.note(
                "record", Rule.R32, "this disk is gone: it is never used again as it is", reason);
        return true;
    }

    void interfaceChanged(String name, boolean up) {
        if (!trackInterfaces.contains(name)) {
            return;
        }
        var changed = up ? downInterfaces.remove(name) : downInterfaces.add(name);
        if (changed) {
            effects.note(
                    "resource",
                    Rule.POLICY,
                    "tracked interface " + name + (up ? " is up" : " is down"),
                    "carrier");
        }
    }

    /** Empty until the volume has recovered; until then the machine decides nothing. */
    Optional<VolumeStatus> volume() {
        return volume;
    }

    boolean isDiskFailed() {
        return diskFailed;
    }

    boolean isClientNetworkUp() {
        return downInterfaces.isEmpty();
    }

    Set<String> downInterfaces() {
        return Collections.unmodifiableSet(downInterfaces);
    }
}
