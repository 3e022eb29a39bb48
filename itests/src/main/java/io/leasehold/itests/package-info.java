/** Proves the promises of the other modules in simulated and in real clusters. */
@NullMarked
package io.leasehold.itests;

import org.jspecify.annotations.NullMarked;
