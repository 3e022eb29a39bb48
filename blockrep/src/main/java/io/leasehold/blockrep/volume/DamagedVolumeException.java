package io.leasehold.blockrep.volume;

import java.io.IOException;

/**
 * The backing directory is not in a state that operations and crashes can lead to. Only a resync
 * helps.
 */
public final class DamagedVolumeException extends IOException {

    private static final long serialVersionUID = 1L;

    DamagedVolumeException(String what) {
        super(what);
    }
}
