package io.leasehold.ops.config;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import io.leasehold.heartbeat.record.NodeName;
import io.leasehold.ops.config.Configuration.PerNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One section of the file while it is read. Every key that is asked for is thereby known; {@link
 * #close} reports the keys that were not. A section that the file leaves out reads as an empty one,
 * so that its defaults apply.
 */
final class Section {
    private final Reading reading;
    private final String path;
    private final String pattern;
    private final Place place;
    private final @Nullable ConfigObject object;
    private final TreeSet<String> known = new TreeSet<>();

    private Section(
            Reading reading,
            String path,
            String pattern,
            Place place,
            @Nullable ConfigObject object) {
        this.reading = reading;
        this.path = path;
        this.pattern = pattern;
        this.place = place;
        this.object = object;
    }

    static Section root(Reading reading, ConfigObject object) {
        return new Section(reading, "", "", reading.source().whole(), object);
    }

    Place place() {
        return place;
    }

    String path() {
        return path;
    }

    /** A setting that the file must have. */
    <T> Setting<T> required(String key, ValueType<T> type) {
        var value = value(key);
        if (value == null) {
            reading.problem(
                    place, join(path, key), "is missing", "expected: " + type.description());
            return new Setting<>(join(path, key), place, null);
        }
        return parsed(key, type, value);
    }

    /** A setting that the file may leave out. */
    <T> Setting<T> optional(String key, ValueType<T> type, T byDefault) {
        var value = value(key);
        if (value == null) {
            return defaulted(key, type, type.printer().apply(byDefault), byDefault);
        }
        return parsed(key, type, value);
    }

    /** A setting that may be absent altogether; {@code meaning} says what that means. */
    <T> Setting<Optional<T>> absentable(String key, ValueType<T> type, String meaning) {
        var value = value(key);
        if (value == null) {
            return defaulted(key, type, meaning, Optional.empty());
        }
        var setting = parsed(key, type, value);
        return new Setting<>(
                setting.key(),
                setting.place(),
                setting.value() == null ? null : Optional.of(setting.value()));
    }

    /** One value for both nodes, or a section with one for each; required. */
    <T> Setting<PerNode<T>> perNode(String key, ValueType<T> type, Collection<NodeName> nodes) {
        var value = value(key);
        if (value == null) {
            reading.problem(
                    place,
                    join(path, key),
                    "is missing",
                    "expected: "
                            + type.description()
                            + ", one for both nodes or { NODE = … } for each");
            return new Setting<>(join(path, key), place, null);
        }
        return perNode(key, type, nodes, value);
    }

    /** The same, absent unless the file has it; {@code meaning} says what that means. */
    <T> Setting<Optional<PerNode<T>>> perNodeAbsentable(
            String key, ValueType<T> type, Collection<NodeName> nodes, String meaning) {
        var value = value(key);
        if (value == null) {
            return defaulted(key, perNodeType(type), meaning, Optional.empty());
        }
        var setting = perNode(key, type, nodes, value);
        return new Setting<>(
                setting.key(),
                setting.place(),
                setting.value() == null ? null : Optional.of(setting.value()));
    }

    private <T> Setting<PerNode<T>> perNode(
            String key, ValueType<T> type, Collection<NodeName> nodes, ConfigValue value) {
        var fullKey = join(path, key);
        var valuePlace = place(value.origin(), key);
        if (!(value instanceof ConfigObject each)) {
            var setting = parsed(key, key, perNodeType(type), type, value);
            return new Setting<>(
                    fullKey,
                    valuePlace,
                    setting.value() == null ? null : same(nodes, setting.value()));
        }
        var values = new TreeMap<NodeName, T>();
        var sound = true;
        for (var node : nodes) {
            var own = each.get(node.value());
            if (own == null) {
                reading.problem(
                        valuePlace,
                        fullKey,
                        "has no value for node " + node,
                        "one value for both nodes, or one for each");
                sound = false;
                continue;
            }
            var setting = parsed(key + "." + node, key, perNodeType(type), type, own);
            if (setting.value() == null) {
                sound = false;
            } else {
                values.put(node, setting.value());
            }
        }
        var names = nodes.stream().map(NodeName::value).toList();
        for (var entry : each.entrySet()) {
            if (!names.contains(entry.getKey()) && !nodes.isEmpty()) {
                reading.unknown(
                        place(entry.getValue().origin(), entry.getKey()),
                        join(fullKey, entry.getKey()),
                        "there is no node of that name",
                        names);
                sound = false;
            }
        }
        return new Setting<>(
                fullKey,
                valuePlace,
                sound && !nodes.isEmpty()
                        ? new PerNode<>(Collections.unmodifiableSortedMap(values))
                        : null);
    }

    static <T> PerNode<T> same(Collection<NodeName> nodes, T value) {
        var values = new TreeMap<NodeName, T>();
        nodes.forEach(node -> values.put(node, value));
        return new PerNode<>(Collections.unmodifiableSortedMap(values));
    }

    /** A section below this one. */
    Section section(String key) {
        var value = value(key);
        var fullKey = join(path, key);
        if (value == null) {
            return new Section(reading, fullKey, join(pattern, key), place, null);
        }
        return child(fullKey, join(pattern, key), value);
    }

    /** The sections below this one, whose names are the administrator's choice. */
    SortedMap<String, Section> named() {
        var sections = new TreeMap<String, Section>();
        if (object != null) {
            object.forEach((name, value) -> {
                known.add(name);
                sections.put(name, child(join(path, name), join(pattern, "NAME"), value));
            });
        }
        return sections;
    }

    /**
     * A list of sections, each of which may be a list of sections itself; a single one stands for a
     * list of one.
     *
     * @param read called with each section
     */
    <T> List<List<Supplier<T>>> nestedList(String key, Function<Section, Supplier<T>> read) {
        var value = value(key);
        if (value == null) {
            return List.of();
        }
        var outer = new ArrayList<List<Supplier<T>>>();
        int level = 0;
        for (var item : value instanceof ConfigList list ? list : List.of(value)) {
            level++;
            var levelPath = join(path, key) + "[" + level + "]";
            var inner = new ArrayList<Supplier<T>>();
            int position = 0;
            for (var element : item instanceof ConfigList list ? list : List.of(item)) {
                position++;
                var elementPath =
                        item instanceof ConfigList ? levelPath + "[" + position + "]" : levelPath;
                inner.add(read.apply(child(elementPath, join(pattern, key), element)));
            }
            outer.add(List.copyOf(inner));
        }
        return List.copyOf(outer);
    }

    /** Reports every key that nobody asked for. */
    void close() {
        if (object == null) {
            return;
        }
        for (var entry : object.entrySet()) {
            if (!known.contains(entry.getKey())) {
                reading.unknown(
                        place(entry.getValue().origin(), entry.getKey()),
                        join(path, entry.getKey()),
                        "is not known here",
                        known);
            }
        }
    }

    private Section child(String fullKey, String fullPattern, ConfigValue value) {
        var childPlace = place(value.origin(), fullKey.substring(fullKey.lastIndexOf('.') + 1));
        if (value instanceof ConfigObject child) {
            return new Section(reading, fullKey, fullPattern, childPlace, child);
        }
        reading.problem(childPlace, fullKey, "expected a section in braces", "");
        // Its keys are not missing, so it must not read as an empty section.
        return new Section(reading.muted(), fullKey, fullPattern, childPlace, null);
    }

    private @Nullable ConfigValue value(String key) {
        known.add(key);
        return object == null ? null : object.get(key);
    }

    private <T> Setting<T> parsed(String key, ValueType<T> type, ConfigValue value) {
        return parsed(key, key, type, type, value);
    }

    /**
     * @param patternKey the key that the documentation has
     * @param declared the type that the key has in the documentation
     * @param type the type of this value
     */
    private <T> Setting<T> parsed(
            String key,
            String patternKey,
            ValueType<?> declared,
            ValueType<T> type,
            ConfigValue value) {
        var fullKey = join(path, key);
        var valuePlace = place(value.origin(), key);
        try {
            var result = type.parser().parse(value);
            reading.setting(
                    fullKey,
                    join(pattern, patternKey),
                    declared.description(),
                    type.printer().apply(result),
                    Optional.of(valuePlace));
            return new Setting<>(fullKey, valuePlace, result);
        } catch (InvalidValueException e) {
            reading.problem(valuePlace, fullKey, e.message(), e.hint().orElse(""));
            return new Setting<>(fullKey, valuePlace, null);
        }
    }

    private <T> Setting<T> defaulted(String key, ValueType<?> type, String printed, T value) {
        reading.setting(
                join(path, key), join(pattern, key), type.description(), printed, Optional.empty());
        return new Setting<>(join(path, key), place, value);
    }

    private Place place(ConfigOrigin origin, String key) {
        return reading.source().place(origin, key);
    }

    private static <T> ValueType<T> perNodeType(ValueType<T> type) {
        return new ValueType<>(
                type.description() + ", or one for each node", type.parser(), type.printer());
    }

    static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
