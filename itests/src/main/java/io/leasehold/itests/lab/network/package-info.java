/**
 * The lab's network: who is there, which cables join them, which addresses they have. Nothing here
 * reaches the machine's own network, and no address is one that could.
 *
 * <pre>
 *   dhcp1 ---- crossover 192.0.2.0/24 ---- dhcp2
 *     |                                      |
 *     +------------- LAN switch -------------+      198.18.0.0/15, VIP 198.18.0.10
 *        |        |         |          |
 *      client   relay   attacker   witness
 *                 |
 *               branch                              203.0.113.0/24
 * </pre>
 *
 * <p>Each name is a network namespace; the switch is one too. A network card is a veth end: a node
 * that is off has its cards in the switch's namespace, so that every power-on starts with an empty
 * network namespace while the other end of each cable stays where it is. Start reading at {@link
 * io.leasehold.itests.lab.network.LabNetwork}.
 */
@NullMarked
package io.leasehold.itests.lab.network;

import org.jspecify.annotations.NullMarked;
