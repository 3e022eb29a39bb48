/** Starts programs with a time limit, and finds the processes of a lab, whoever started them. */
@NullMarked
package io.leasehold.itests.lab.process;

import org.jspecify.annotations.NullMarked;
