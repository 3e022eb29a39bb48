package io.leasehold.itests.exhaustive;

import io.leasehold.heartbeat.record.DurableState;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that an object and its parts remember, read as a list of values and written back: so a
 * machine that was not made to be copied can be put into any state that it was in before.
 *
 * <p>The parts of a machine are made in its constructor and stay; what changes are their fields and
 * the contents of their collections, and those hold values that never change. Anything else is
 * refused, so that nothing is forgotten unnoticed. What only people read is left out ({@link
 * #FOR_PEOPLE}): it decides nothing, and would make two states of one.
 */
final class Memory {

    /** Texts, counts for {@code status}, and what was noted already. */
    private static final Set<String> FOR_PEOPLE =
            Set.of(
                    "Alarms.bySubject",
                    "Arbitration.foundBefore",
                    "Arbitration.lastWin",
                    "Arbitration.lastWinNanos",
                    "EnsembleRecord.connection",
                    "EnsembleRecord.trouble",
                    "Effects.ordered",
                    "Entry.remark",
                    "FencingSequence.evidence",
                    "FencingSequence.lastReason",
                    "Link.beats",
                    "Link.losses",
                    "Membership.reason",
                    "PeerSession.loss",
                    "Replication.frozenReason",
                    "Replication.refusal",
                    "Witness.refusal");

    private static final Set<String> NUMBERS =
            Set.of("EnsembleRecord.nextNumber", "ServiceGate.confirmNonce");

    /**
     * A plan is carried out within the instant in which it was made; then its number is nothing.
     */
    private static final Set<String> PLANS = Set.of("Replication.plan", "Outflow.plan");

    private sealed interface Slot {
        @Nullable Object read();

        void write(@Nullable Object value);

        /** Whether what it numbers is over when a quantum has passed: then it begins at 0 again. */
        default boolean isOver(Renumbering renumbering) {
            return false;
        }
    }

    private record Single(Object owner, Field field) implements Slot {
        @Override
        public @Nullable Object read() {
            try {
                var value = field.get(owner);
                return value instanceof DurableState state ? Box.withoutFences(state) : value;
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void write(@Nullable Object value) {
            try {
                field.set(owner, value);
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private record Counter(Single slot, boolean ofPlans) implements Slot {
        @Override
        public @Nullable Object read() {
            return slot.read();
        }

        @Override
        public void write(@Nullable Object value) {
            slot.write(value);
        }

        @Override
        public boolean isOver(Renumbering renumbering) {
            return ofPlans || renumbering.numbers();
        }
    }

    private record Many(Collection<@Nullable Object> held) implements Slot {
        @Override
        public Object read() {
            // Sets are equal in whatever order they were filled.
            return held instanceof Set<?>
                    ? Set.copyOf(held)
                    : Collections.unmodifiableList(new ArrayList<>(held));
        }

        @Override
        public void write(@Nullable Object value) {
            held.clear();
            held.addAll((Collection<?>) Objects.requireNonNull(value));
        }
    }

    private record Mapped(Map<@Nullable Object, @Nullable Object> held) implements Slot {
        @Override
        public Object read() {
            return Collections.unmodifiableMap(new LinkedHashMap<>(held));
        }

        @Override
        public void write(@Nullable Object value) {
            held.clear();
            held.putAll((Map<?, ?>) Objects.requireNonNull(value));
        }
    }

    private final List<Slot> slots = new ArrayList<>();
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Of {@code root} and all of its parts; fields that are {@code transient} are no part. */
    Memory(Object root) {
        walk(root);
    }

    private void walk(Object part) {
        if (!seen.add(part)) {
            return;
        }
        for (Class<?> type = part.getClass(); type != Object.class; type = type.getSuperclass()) {
            for (var field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers())
                        || Modifier.isTransient(field.getModifiers())
                        || FOR_PEOPLE.contains(type.getSimpleName() + "." + field.getName())) {
                    continue;
                }
                field.setAccessible(true);
                look(part, field);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private void look(Object owner, Field field) {
        var slot = new Single(owner, field);
        var value = slot.read();
        if (!Modifier.isFinal(field.getModifiers())) {
            requireValue(value, field);
            var name = owner.getClass().getSimpleName() + "." + field.getName();
            boolean ofPlans = PLANS.contains(name);
            slots.add(ofPlans || NUMBERS.contains(name) ? new Counter(slot, ofPlans) : slot);
            return;
        }
        switch (value) {
            case null -> throw new IllegalStateException("no value: " + field);
            // The instant at which a machine was made grows older like all others.
            case Long number when Clock.isInstant(number) -> slots.add(slot);
            case Collection<?> held when held.stream().anyMatch(Memory::isPart) ->
                    held.forEach(this::walk);
            case Map<?, ?> held when held.values().stream().anyMatch(Memory::isPart) ->
                    held.values().forEach(this::walk);
            case Collection<?> held when isMutable(held) ->
                    slots.add(new Many((Collection<@Nullable Object>) held));
            case Map<?, ?> held when isMutable(held) ->
                    slots.add(new Mapped((Map<@Nullable Object, @Nullable Object>) held));
            default -> {
                if (isPart(value)) {
                    walk(value);
                }
            }
        }
    }

    /** Made by {@code new HashSet<>()} and the like; copies and views are values. */
    private static boolean isMutable(Object collection) {
        return Modifier.isPublic(collection.getClass().getModifiers());
    }

    private static boolean isPart(Object value) {
        return value.getClass().getName().startsWith("io.leasehold.")
                && !(value instanceof Record)
                && !(value instanceof Enum<?>)
                && !value.getClass().isHidden();
    }

    private static void requireValue(@Nullable Object value, Field field) {
        if (value != null
                && (isPart(value)
                        || value.getClass().isArray()
                        || ((value instanceof Collection<?> || value instanceof Map<?, ?>)
                                && isMutable(value)))) {
            throw new IllegalStateException("a part that is replaced: " + field);
        }
    }

    @Nullable Object[] read() {
        var values = new @Nullable Object[slots.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = slots.get(i).read();
        }
        return values;
    }

    void write(@Nullable Object[] values) {
        for (int i = 0; i < values.length; i++) {
            slots.get(i).write(values[i]);
        }
    }

    /** What will be remembered when so much time has passed. */
    @Nullable Object[] older(@Nullable Object[] values, long byNanos, Renumbering renumbering) {
        var older = new @Nullable Object[values.length];
        for (int i = 0; i < values.length; i++) {
            older[i] =
                    slots.get(i).isOver(renumbering)
                            ? Long.valueOf(0)
                            : Clock.older(values[i], byNanos, renumbering.versions());
        }
        return older;
    }
}
