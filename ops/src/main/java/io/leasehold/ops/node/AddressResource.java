package io.leasehold.ops.node;

import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.keeper.KeeperClient;
import io.leasehold.heartbeat.keeper.KeeperState;
import io.leasehold.heartbeat.resource.Health;
import java.io.IOException;
import java.time.Duration;

/**
 * The virtual address on this node's interface. Whether it is audible is the gate's business; the
 * keeper renews its lifetime, so that it goes with whoever may not serve any more.
 */
final class AddressResource implements ResourceShell {
    private final VirtualAddress address;
    private final KeeperClient keeper;

    AddressResource(VirtualAddress address, KeeperClient keeper) {
        this.address = address;
        this.keeper = keeper;
    }

    @Override
    public void start(boolean adopt, Duration limit) throws ResourceException {
        try {
            keeper.holdAddress(address);
        } catch (IOException e) {
            throw failed("add", e);
        }
    }

    @Override
    public void stop(Duration limit) throws ResourceException {
        try {
            keeper.releaseAddress();
            // Also one that an earlier keeper left behind, or a person.
            address.remove();
        } catch (IOException e) {
            throw failed("remove", e);
        }
    }

    @Override
    public Health monitor(Duration limit) {
        try {
            // While the gate is shut the lifetime is not renewed. The address comes back before the
            // keeper says that the gate is open, so the gate is asked for first.
            return !(keeper.state().gate() instanceof KeeperState.Gate.Open) || address.isPresent()
                    ? new Health.Good()
                    : new Health.Failed(
                            address.address().getHostAddress()
                                    + " is not on "
                                    + address.interfaceName()
                                    + " any more: somebody removed it");
        } catch (IOException e) {
            return new Health.Failed("cannot look at " + address + ": " + e.getMessage());
        }
    }

    private ResourceException failed(String what, IOException e) {
        return new ResourceException(
                "cannot "
                        + what
                        + " "
                        + address.address().getHostAddress()
                        + "/"
                        + address.prefixLength()
                        + " on "
                        + address.interfaceName()
                        + ": "
                        + e.getMessage(),
                e);
    }
}
