package io.leasehold.blockrep.volume;

/**
 * Where an entry stands in the listing of its directory: by a hash of the name. The hash is the
 * position that readdir hands out (telldir), so it must be the same after a restart of the daemon,
 * and must not move when other entries come and go. A counter could do neither.
 *
 * @param position at least {@link #FIRST_POSITION}; two names rarely have the same
 */
record EntryKey(long position, Name name) implements Comparable<EntryKey> {

    /** 0 is the start, 1 stands behind {@code .}, 2 behind {@code ..}. */
    static final long FIRST_POSITION = 3;

    static EntryKey of(Name name) {
        // FNV-1a, then the finalizer of SplitMix64, which spreads similar names.
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < name.bytes().lengthBytes(); i++) {
            hash = (hash ^ (name.bytes().at(i) & 0xff)) * 0x100000001b3L;
        }
        hash = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        hash = (hash ^ (hash >>> 27)) * 0x94d049bb133111ebL;
        hash ^= hash >>> 31;
        // loff_t is signed, and programs built for 32 bits get EOVERFLOW anyway.
        return new EntryKey(Math.max(hash >>> 1, FIRST_POSITION), name);
    }

    @Override
    public int compareTo(EntryKey other) {
        int byPosition = Long.compare(position, other.position);
        return byPosition != 0 ? byPosition : name.compareTo(other.name);
    }
}
