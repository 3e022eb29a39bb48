package io.leasehold.blockrep.fuse;

/** Is told of what ends a mount's use. Called by the mount's threads; must not block. */
public interface FuseListener {

    /** The volume cannot go on; requests stay unanswered from now on. Told once. */
    void volumeFailed(String reason);

    /**
     * Somebody else unmounted the file system or aborted its connection. Told once, not after
     * {@link FuseMount#unmount}.
     */
    void mountGone();
}
