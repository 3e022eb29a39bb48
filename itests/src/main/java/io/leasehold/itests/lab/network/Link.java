package io.leasehold.itests.lab.network;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A cable that can be cut: the crossover, or one between a node and the switch. */
public enum Link {
    CROSSOVER(LabNode.DHCP1, LabNode.DHCP2),
    LAN_DHCP1(LabNode.DHCP1, LabNode.SWITCH),
    LAN_DHCP2(LabNode.DHCP2, LabNode.SWITCH),
    LAN_CLIENT(LabNode.CLIENT, LabNode.SWITCH),
    LAN_RELAY(LabNode.RELAY, LabNode.SWITCH),
    LAN_WITNESS(LabNode.WITNESS, LabNode.SWITCH),
    LAN_ATTACKER(LabNode.ATTACKER, LabNode.SWITCH);

    private final LabNode near;
    private final LabNode far;

    Link(LabNode near, LabNode far) {
        this.near = near;
        this.far = far;
    }

    /**
     * The link of that name.
     *
     * @throws IllegalArgumentException with the names that exist
     */
    public static Link of(String name) {
        return Arrays.stream(values())
                .filter(link -> link.label().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "no link '%s' in the lab; there are %s"
                                        .formatted(
                                                name,
                                                Arrays.stream(values())
                                                        .map(Link::label)
                                                        .collect(Collectors.joining(", ")))));
    }

    /** The link between a node and the switch. */
    public static Link lan(LabNode node) {
        return Arrays.stream(values())
                .filter(link -> link.near == node && link.far == LabNode.SWITCH)
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException(node.label() + " is not on the LAN"));
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public List<LabNode> ends() {
        return List.of(near, far);
    }

    public LabNode otherEnd(LabNode end) {
        if (end == near) {
            return far;
        }
        if (end == far) {
            return near;
        }
        throw new IllegalArgumentException(
                "%s is no end of %s; its ends are %s and %s"
                        .formatted(end.label(), label(), near.label(), far.label()));
    }

    /** The interface of this link in the namespace of one of its ends. */
    public String interfaceAt(LabNode end) {
        otherEnd(end);
        if (this == CROSSOVER) {
            return Addresses.CROSSOVER_INTERFACE;
        }
        return end == LabNode.SWITCH ? near.label() : Addresses.LAN_INTERFACE;
    }
}
