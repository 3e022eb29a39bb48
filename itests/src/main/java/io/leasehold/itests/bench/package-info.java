/**
 * {@code ops/bin/bench}: the figures that the project promises, each compared within one run on the
 * same disk. Every benchmark keeps its raw samples under {@code target/bench}. Start reading at
 * {@link io.leasehold.itests.bench.BenchMain}.
 */
@NullMarked
package io.leasehold.itests.bench;

import org.jspecify.annotations.NullMarked;
