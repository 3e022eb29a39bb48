/**
 * What a machine needs before Leasehold can run on it: {@link
 * io.leasehold.ops.install.MachineCheck} looks, and changes nothing.
 */
@NullMarked
package io.leasehold.ops.install;

import org.jspecify.annotations.NullMarked;
