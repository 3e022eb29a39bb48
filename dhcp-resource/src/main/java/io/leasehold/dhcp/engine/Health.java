package io.leasehold.dhcp.engine;

/** What a look at the server's process found. It says nothing about answers: see the probe. */
public sealed interface Health {

    record Running(int pid) implements Health {}

    /** It runs, and since its start something happened that only a restart cures. */
    record Failing(int pid, Alarm alarm) implements Health {}

    /** There is no process. */
    record NotRunning() implements Health {}
}
