package io.leasehold.ops.node;

import io.leasehold.heartbeat.address.VirtualAddress;
import io.leasehold.heartbeat.resource.Health;
import java.io.IOException;
import java.time.Duration;

/** The virtual address on this node's interface. Whether it is audible is the gate's business. */
final class AddressResource implements ResourceShell {
    private final VirtualAddress address;

    AddressResource(VirtualAddress address) {
        this.address = address;
    }

    @Override
    public void start(boolean adopt, Duration limit) throws ResourceException {
        try {
            address.add();
        } catch (IOException e) {
            throw failed("add", e);
        }
    }

    @Override
    public void stop(Duration limit) throws ResourceException {
        try {
            address.remove();
        } catch (IOException e) {
            throw failed("remove", e);
        }
    }

    @Override
    public Health monitor(Duration limit) {
        try {
            return address.isPresent()
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
