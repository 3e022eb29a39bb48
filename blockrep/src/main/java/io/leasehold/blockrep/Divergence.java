package io.leasehold.blockrep;

import io.leasehold.blockrep.volume.Seq;

/**
 * The two copies differ at the same position.
 *
 * @param at the position
 * @param what what was compared and how it differs, for a person
 */
public record Divergence(Seq at, String what) {}
