/** {@code ops/bin/lab}: one class for each command, each a thin layer over {@code Lab}. */
@NullMarked
package io.leasehold.itests.lab.cli;

import org.jspecify.annotations.NullMarked;
