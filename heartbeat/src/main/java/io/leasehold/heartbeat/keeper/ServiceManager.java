package io.leasehold.heartbeat.keeper;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.leasehold.heartbeat.linux.Descriptor;
import io.leasehold.heartbeat.linux.Sockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Tells the service manager that started this process how it is, by datagrams to the socket that
 * {@code NOTIFY_SOCKET} names (sd_notify(3)). Without one nothing is told. A manager that does not
 * listen is no reason to stop: it then does what it does about a service that says nothing.
 */
final class ServiceManager implements AutoCloseable {
    private static final String SOCKET_VARIABLE = "NOTIFY_SOCKET";

    /**
     * What is meant for this process, and not for those that it starts (sd_watchdog_enabled(3)).
     */
    private static final String[] VARIABLES = {SOCKET_VARIABLE, "WATCHDOG_USEC", "WATCHDOG_PID"};

    private final Optional<Destination> destination;
    private final boolean watching;

    private record Destination(Descriptor socket, MemorySegment address) {}

    private ServiceManager(Optional<Destination> destination, boolean watching) {
        this.destination = destination;
        this.watching = watching;
    }

    /** The one that this environment names. */
    static ServiceManager of(Map<String, String> environment) throws IOException {
        var name = environment.getOrDefault(SOCKET_VARIABLE, "");
        if (name.isEmpty()) {
            return new ServiceManager(Optional.empty(), false);
        }
        return new ServiceManager(
                Optional.of(
                        new Destination(
                                Sockets.open(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0),
                                Sockets.unixAddress(name))),
                environment.containsKey("WATCHDOG_USEC"));
    }

    /** The environment for processes that are none of the manager's business. */
    static Map<String, String> withoutIt(Map<String, String> environment) {
        var rest = new HashMap<>(environment);
        for (var variable : VARIABLES) {
            rest.remove(variable);
        }
        return Map.copyOf(rest);
    }

    /** The service has started. */
    void ready() {
        tell("READY=1");
    }

    /** The service is about to end. */
    void stopping() {
        tell("STOPPING=1");
    }

    /** The service works; it is ended and started again if that is not heard for too long. */
    void alive() {
        if (watching) {
            tell("WATCHDOG=1");
        }
    }

    private void tell(String state) {
        destination.ifPresent(manager -> {
            try (var arena = Arena.ofConfined()) {
                byte[] bytes = state.getBytes(StandardCharsets.US_ASCII);
                Sockets.send(
                        manager.socket(),
                        arena.allocateFrom(JAVA_BYTE, bytes),
                        bytes.length,
                        manager.address());
            } catch (IOException e) {
                Keeper.say("the service manager was not told " + state + ": " + e.getMessage());
            }
        });
    }

    @Override
    public void close() {
        destination.ifPresent(manager -> manager.socket().close());
    }
}
