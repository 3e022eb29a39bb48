/** Assembles a node from its parts and is the only place that an administrator meets. */
@NullMarked
package io.leasehold.ops;

import org.jspecify.annotations.NullMarked;
