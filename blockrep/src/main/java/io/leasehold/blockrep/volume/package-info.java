/**
 * What a file volume is: the operations that change it, and their effect on a directory of plain
 * files.
 *
 * <p>Start at {@link Operation}.
 */
@NullMarked
package io.leasehold.blockrep.volume;

import org.jspecify.annotations.NullMarked;
