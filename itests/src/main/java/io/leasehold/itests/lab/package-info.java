/**
 * The lab: two real boxes (network, mount and process namespaces of this machine), a switch, a
 * crossover cable, clients, a relay with a subnet behind it, and somebody with bad intentions. They
 * reach each other and nothing else.
 *
 * <p>{@link io.leasehold.itests.lab.Lab} is the door for tests and for the {@code ops/bin/lab}
 * command alike. A lab lives in the kernel and in a directory, not in a process: any process can
 * find it, use it and take it down.
 */
@NullMarked
package io.leasehold.itests.lab;

import org.jspecify.annotations.NullMarked;
