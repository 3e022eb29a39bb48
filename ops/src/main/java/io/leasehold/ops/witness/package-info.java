/**
 * The members of an ensemble of ours: the process that runs one, beside a daemon or as the witness,
 * and what both need to know about keys and addresses.
 */
@NullMarked
package io.leasehold.ops.witness;

import org.jspecify.annotations.NullMarked;
