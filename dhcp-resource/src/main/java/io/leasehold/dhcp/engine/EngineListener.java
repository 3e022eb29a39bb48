package io.leasehold.dhcp.engine;

/** Is told what happens to the server. Called on the engine's watching thread: must not block. */
public interface EngineListener {
    void alarm(Alarm alarm);
}
