/**
 * {@code ops/bin/lab chaos}: faults on a real pair under load, in an order that a seed decides, and
 * the questions that each of them ends with.
 *
 * <p>{@link io.leasehold.itests.chaos.ChaosPlan} is pure: which {@link
 * io.leasehold.itests.chaos.Fault} comes when. {@link io.leasehold.itests.chaos.Injector} does it
 * to a lab, {@link io.leasehold.itests.chaos.Chaos} plays the rounds and judges them.
 */
@NullMarked
package io.leasehold.itests.chaos;

import org.jspecify.annotations.NullMarked;
