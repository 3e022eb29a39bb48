package io.leasehold.itests.lab.network;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Everybody on the lab's network. */
public enum LabNode {
    DHCP1(Optional.of("198.18.0.11"), 0x11),
    DHCP2(Optional.of("198.18.0.12"), 0x12),
    CLIENT(Optional.of("198.18.0.20"), 0x20),
    RELAY(Optional.of("198.18.0.30"), 0x30),
    /** Stations of the second subnet, behind {@link #RELAY}. */
    BRANCH(Optional.empty(), 0x31),
    WITNESS(Optional.of("198.18.0.40"), 0x40),
    ATTACKER(Optional.of("198.18.0.66"), 0x66),
    /** Has no address; holds the bridge, and the network cards of servers that are off. */
    SWITCH(Optional.empty(), 0x01);

    private final Optional<String> lanAddress;
    private final int hardwareNumber;

    LabNode(Optional<String> lanAddress, int hardwareNumber) {
        this.lanAddress = lanAddress;
        this.hardwareNumber = hardwareNumber;
    }

    /** The two boxes that can be switched on and off. */
    public static List<LabNode> servers() {
        return List.of(DHCP1, DHCP2);
    }

    static List<LabNode> onLan() {
        return Arrays.stream(values()).filter(node -> node.lanAddress.isPresent()).toList();
    }

    /**
     * The node of that name.
     *
     * @throws IllegalArgumentException with the names that exist
     */
    public static LabNode of(String name) {
        return Arrays.stream(values())
                .filter(node -> node.label().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "no node '%s' in the lab; there are %s"
                                        .formatted(
                                                name,
                                                Arrays.stream(values())
                                                        .map(LabNode::label)
                                                        .collect(Collectors.joining(", ")))));
    }

    /** The name in commands, and the host name of a server. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    public boolean isServer() {
        return this == DHCP1 || this == DHCP2;
    }

    /** The other server. */
    public LabNode peer() {
        return switch (this) {
            case DHCP1 -> DHCP2;
            case DHCP2 -> DHCP1;
            case CLIENT, RELAY, BRANCH, WITNESS, ATTACKER, SWITCH ->
                    throw new IllegalArgumentException(label() + " is no server");
        };
    }

    /** The address on the LAN, of those who have one. */
    public String lanAddress() {
        return lanAddress.orElseThrow(
                () -> new IllegalArgumentException(label() + " has no address on the LAN"));
    }

    /** The address on the crossover link. */
    public String crossoverAddress() {
        return switch (this) {
            case DHCP1 -> "192.0.2.1";
            case DHCP2 -> "192.0.2.2";
            case CLIENT, RELAY, BRANCH, WITNESS, ATTACKER, SWITCH ->
                    throw new IllegalArgumentException(label() + " has no crossover link");
        };
    }

    /** Locally administered, and the same in every lab, so that captures read alike. */
    String hardwareAddress(int card) {
        return "02:1e:a5:e0:%02x:%02x".formatted(card, hardwareNumber);
    }
}
