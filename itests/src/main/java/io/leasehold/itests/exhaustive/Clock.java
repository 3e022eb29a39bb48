package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.controller.WallClock;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Time stands still at {@link #NOW_NANOS}; that it passes is said by making everything that is
 * remembered older. So two states that differ only in when they were reached are one.
 */
final class Clock {

    /**
     * The instant of every step. Far from 0, so that an instant can be told from a duration: a
     * number near it is an instant, whatever record holds it.
     */
    static final long NOW_NANOS = 1_000_000_000_000_000_000L;

    /** By which time passes: all time-outs of the configuration last one or two of it. */
    static final long QUANTUM_NANOS = 1_000_000_000L;

    /**
     * What is longer ago makes no difference any more: longer than every duration that something is
     * compared with.
     */
    static final int REMEMBERED_QUANTA = 4;

    private static final long REMEMBERED_NANOS = REMEMBERED_QUANTA * QUANTUM_NANOS;

    private static final long NEAR_NANOS = 100_000 * QUANTUM_NANOS;

    private Clock() {}

    static boolean isInstant(long number) {
        return Math.abs(number - NOW_NANOS) < NEAR_NANOS;
    }

    static long older(long number, long byNanos) {
        return isInstant(number)
                ? Math.max(number - byNanos, NOW_NANOS - REMEMBERED_NANOS)
                : number;
    }

    /** The same value with every instant in it moved back, and versions of the znode renumbered. */
    static @Nullable Object older(@Nullable Object value, long byNanos, int versions) {
        return switch (value) {
            case null -> null;
            case Long number -> older(number.longValue(), byNanos);
            case OptionalLong number ->
                    number.isPresent()
                            ? OptionalLong.of(older(number.getAsLong(), byNanos))
                            : number;
            case Optional<?> held -> {
                var before = held.orElse(null);
                var after = older(before, byNanos, versions);
                yield after == before ? held : Optional.ofNullable(after);
            }
            // Only for people, and it ties two clocks together.
            case WallClock held -> held;
            case ZnodeVersion version -> Renumbering.less(version, versions);
            case Record held -> olderRecord(held, byNanos, versions);
            case List<?> held -> olderAll(held, new ArrayList<>(held.size()), byNanos, versions);
            case TreeSet<?> held -> held;
            case Set<?> held ->
                    olderAll(held, new LinkedHashSet<>(held.size() * 2), byNanos, versions);
            case Map<?, ?> held -> {
                for (var each : held.values()) {
                    if (older(each, byNanos, versions) != each) {
                        throw new IllegalStateException("an instant in a map: " + held);
                    }
                }
                yield held;
            }
            default -> value;
        };
    }

    private static Object olderAll(
            Collection<?> held, Collection<@Nullable Object> into, long byNanos, int versions) {
        boolean changed = false;
        for (var each : held) {
            var after = older(each, byNanos, versions);
            changed |= after != each;
            into.add(after);
        }
        return changed ? into : held;
    }

    private static final Map<Class<?>, Parts> PARTS = new HashMap<>();

    private record Parts(
            List<RecordComponent> components, java.lang.reflect.Constructor<?> constructor) {}

    private static Object olderRecord(Record held, long byNanos, int versions) {
        var parts = PARTS.computeIfAbsent(held.getClass(), Clock::partsOf);
        var values = new @Nullable Object[parts.components.size()];
        boolean changed = false;
        try {
            for (int i = 0; i < values.length; i++) {
                var before = parts.components.get(i).getAccessor().invoke(held);
                var after = older(before, byNanos, versions);
                // A boxed number is another object each time.
                changed |= before instanceof Long ? !before.equals(after) : after != before;
                values[i] = after;
            }
            return changed ? parts.constructor.newInstance(values) : held;
        } catch (InvocationTargetException | InstantiationException | IllegalAccessException e) {
            throw new IllegalStateException("cannot look into " + held, e);
        }
    }

    private static Parts partsOf(Class<?> type) {
        var components = List.of(type.getRecordComponents());
        try {
            var constructor =
                    type.getDeclaredConstructor(
                            components.stream()
                                    .map(RecordComponent::getType)
                                    .toArray(Class<?>[]::new));
            constructor.setAccessible(true);
            components.forEach(component -> component.getAccessor().setAccessible(true));
            return new Parts(components, constructor);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }
}
