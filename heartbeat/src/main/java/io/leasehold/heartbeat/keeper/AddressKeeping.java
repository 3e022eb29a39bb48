package io.leasehold.heartbeat.keeper;

import io.leasehold.heartbeat.address.VirtualAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * When the lifetime of the virtual address is renewed. Pure.
 *
 * <pre>
 *   NONE ---hold---> STARTING ---gate opens---> HELD <---gate opens / shuts---> MUTE
 *    ^                   |                       |                               |
 *    +----- release -----+-----------------------+-------------------------------+
 * </pre>
 *
 * <p>While STARTING the gate keeps the address mute; the DHCP server needs it there all the same.
 * Once the gate was open, only the open gate has it renewed. So it is gone, without an instruction
 * of ours, {@link #LIFETIME} after the permission to serve is.
 */
final class AddressKeeping {
    /**
     * The kernel counts whole seconds, and looks up to a second later. The gate is the exact wall;
     * this is the second one.
     */
    static final Duration LIFETIME = Duration.ofSeconds(3);

    static final long RENEWAL_NANOS = 1_000_000_000;

    private Optional<VirtualAddress> held = Optional.empty();
    private boolean everOpen;
    private long renewedNanos;

    /** It was given its lifetime just now. */
    void hold(VirtualAddress address, long nowNanos) {
        if (!held.equals(Optional.of(address))) {
            everOpen = false;
        }
        held = Optional.of(address);
        renewedNanos = nowNanos;
    }

    /** No lifetime is given any more. Returns what was held. */
    Optional<VirtualAddress> release() {
        var released = held;
        held = Optional.empty();
        return released;
    }

    Optional<VirtualAddress> held() {
        return held;
    }

    /** To be called whenever the gate may have changed, and at {@link #nextRenewalNanos}. */
    Optional<VirtualAddress> due(boolean gateOpen, long nowNanos) {
        everOpen |= gateOpen;
        if ((gateOpen || !everOpen) && nowNanos - renewedNanos >= RENEWAL_NANOS) {
            renewedNanos = nowNanos;
            return held;
        }
        return Optional.empty();
    }

    /** When {@link #due} is to be asked at the latest; the gate's changes come in between. */
    OptionalLong nextRenewalNanos(boolean gateOpen) {
        return held.isPresent() && (gateOpen || !everOpen)
                ? OptionalLong.of(renewedNanos + RENEWAL_NANOS)
                : OptionalLong.empty();
    }
}
