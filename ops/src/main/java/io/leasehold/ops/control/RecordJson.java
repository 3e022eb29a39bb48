package io.leasehold.ops.control;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.leasehold.heartbeat.record.NodeName;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Records as JSON objects and back: components by their names, in their order.
 *
 * <p>A record that belongs to a sealed interface begins with a member {@code kind}, its name in
 * lower case with hyphens and without {@code View}. An empty optional is {@code null}. When
 * reading, unknown members are skipped, so that a newer daemon may say more; a missing member is an
 * error unless it is optional. Not a general mapper: it knows the types that the messages of this
 * package have, and nothing else. (Jackson's own mapper would do the same at ten times the classes,
 * and {@code clusterctl} has 0.4 s in all.)
 */
final class RecordJson {
    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(16)
                                    .maxNumberLength(32)
                                    .maxStringLength(LineChannel.LINE_BYTES_MAX)
                                    .build())
                    .build();

    private RecordJson() {}

    /**
     * One line, without its end.
     *
     * @param version put in front as a member of that name; none if 0
     */
    static String write(Record message, int version) {
        var text = new StringWriter();
        try (var out = FACTORY.createGenerator(text)) {
            out.writeStartObject();
            if (version != 0) {
                out.writeNumberField("version", version);
            }
            writeMembers(out, message);
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a StringWriter does not fail", e);
        }
        return text.toString();
    }

    /** Reads an object whose {@code kind} is one of those of a sealed interface. */
    static <T> T read(String line, Class<T> type, int version) throws ProtocolException {
        Object tree;
        try (var in = FACTORY.createParser(line)) {
            in.nextToken();
            tree = tree(in);
            if (in.nextToken() != null) {
                throw new ProtocolException("more than one JSON value on a line");
            }
        } catch (JsonProcessingException e) {
            throw new ProtocolException("not JSON: " + e.getOriginalMessage());
        } catch (ProtocolException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException("a text in memory does not fail", e);
        }
        if (!(tree instanceof Map<?, ?> object)) {
            throw new ProtocolException("expected a JSON object");
        }
        if (!Long.valueOf(version).equals(object.get("version"))) {
            throw new ProtocolException(
                    "speaks version " + object.get("version") + " of the protocol, not " + version);
        }
        return type.cast(convert(type, object, "message"));
    }

    /** The word for a kind of message or view, or for a constant. */
    static String word(Class<?> record) {
        var name = record.getSimpleName();
        if (View.class.isAssignableFrom(record)) {
            name = name.substring(0, name.length() - "View".length());
        }
        var word = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            var c = name.charAt(i);
            if (Character.isUpperCase(c) && i > 0) {
                word.append('-');
            }
            word.append(Character.toLowerCase(c));
        }
        return word.toString();
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static void writeMembers(JsonGenerator out, Record message) throws IOException {
        var type = message.getClass();
        if (isOneOfSeveral(type)) {
            out.writeStringField("kind", word(type));
        }
        for (var component : type.getRecordComponents()) {
            out.writeFieldName(component.getName());
            write(out, valueOf(component, message));
        }
    }

    private static void write(JsonGenerator out, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> out.writeNull();
            case String text -> out.writeString(text);
            case Boolean flag -> out.writeBoolean(flag);
            case Integer number -> out.writeNumber(number);
            case Long number -> out.writeNumber(number);
            case Double number -> out.writeNumber(number);
            case Enum<?> constant -> out.writeString(word(constant));
            case Instant instant -> out.writeString(instant.toString());
            case Duration duration -> out.writeString(duration.toString());
            case NodeName node -> out.writeString(node.value());
            case Optional<?> optional -> write(out, optional.orElse(null));
            case OptionalLong optional -> {
                if (optional.isPresent()) {
                    out.writeNumber(optional.getAsLong());
                } else {
                    out.writeNull();
                }
            }
            case Collection<?> elements -> {
                out.writeStartArray();
                for (var element : elements) {
                    write(out, element);
                }
                out.writeEndArray();
            }
            case Map<?, ?> entries -> {
                out.writeStartObject();
                for (var entry : entries.entrySet()) {
                    out.writeFieldName(String.valueOf(entry.getKey()));
                    write(out, entry.getValue());
                }
                out.writeEndObject();
            }
            case Record record -> {
                out.writeStartObject();
                writeMembers(out, record);
                out.writeEndObject();
            }
            default -> throw new IllegalStateException("no JSON for " + value.getClass());
        }
    }

    private static @Nullable Object tree(JsonParser in) throws IOException {
        return switch (in.currentToken()) {
            case START_OBJECT -> {
                var members = new LinkedHashMap<String, @Nullable Object>();
                while (in.nextToken() != JsonToken.END_OBJECT) {
                    var name = in.currentName();
                    in.nextToken();
                    members.put(name, tree(in));
                }
                yield members;
            }
            case START_ARRAY -> {
                var elements = new ArrayList<@Nullable Object>();
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(tree(in));
                }
                yield elements;
            }
            case VALUE_STRING -> in.getText();
            case VALUE_NUMBER_INT -> in.getLongValue();
            case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case null, default -> throw new ProtocolException("expected a JSON value");
        };
    }

    private static Object convert(Type type, @Nullable Object tree, String path)
            throws ProtocolException {
        if (type instanceof ParameterizedType generic) {
            return convertGeneric(generic, tree, path);
        }
        if (!(type instanceof Class<?> plain)) {
            throw new IllegalStateException("no JSON for " + type);
        }
        if (plain == OptionalLong.class) {
            return tree == null
                    ? OptionalLong.empty()
                    : OptionalLong.of(require(Long.class, tree, path));
        }
        if (plain == long.class || plain == Long.class) {
            return require(Long.class, tree, path);
        }
        if (plain == int.class) {
            var number = require(Long.class, tree, path);
            if (number != number.intValue()) {
                throw new ProtocolException(path + ": out of range: " + number);
            }
            return number.intValue();
        }
        if (plain == double.class || plain == Double.class) {
            return require(Number.class, tree, path).doubleValue();
        }
        if (plain == boolean.class) {
            return require(Boolean.class, tree, path);
        }
        if (plain.isInterface() || (plain.isRecord() && plain != NodeName.class)) {
            return convertObject(plain, tree, path);
        }
        var text = require(String.class, tree, path);
        try {
            return convertText(plain, text);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new ProtocolException(path + ": " + e.getMessage());
        }
    }

    private static Object convertText(Class<?> type, String text) {
        if (type == String.class) {
            return text;
        }
        if (type == NodeName.class) {
            return new NodeName(text);
        }
        if (type == Instant.class) {
            return Instant.parse(text);
        }
        if (type == Duration.class) {
            return Duration.parse(text);
        }
        if (type.isEnum()) {
            for (var constant : type.getEnumConstants()) {
                if (word((Enum<?>) constant).equals(text)) {
                    return constant;
                }
            }
            throw new IllegalArgumentException("not known: " + text);
        }
        throw new IllegalStateException("no JSON for " + type);
    }

    private static Object convertGeneric(ParameterizedType type, @Nullable Object tree, String path)
            throws ProtocolException {
        var arguments = type.getActualTypeArguments();
        if (type.getRawType() == Optional.class) {
            return tree == null ? Optional.empty() : Optional.of(convert(arguments[0], tree, path));
        }
        if (type.getRawType() == List.class) {
            var elements = new ArrayList<Object>();
            for (var element : require(List.class, tree, path)) {
                elements.add(convert(arguments[0], element, path + "[" + elements.size() + "]"));
            }
            return Collections.unmodifiableList(elements);
        }
        var entries = new TreeMap<String, Object>();
        for (var entry : ((Map<?, ?>) require(Map.class, tree, path)).entrySet()) {
            var key = String.valueOf(entry.getKey());
            entries.put(key, convert(arguments[1], entry.getValue(), path + "." + key));
        }
        return Collections.unmodifiableSortedMap(entries);
    }

    private static Object convertObject(Class<?> type, @Nullable Object tree, String path)
            throws ProtocolException {
        Map<?, ?> members = require(Map.class, tree, path);
        var record = type.isRecord() ? type : kindOf(type, members, path);
        var components = record.getRecordComponents();
        var types = new Class<?>[components.length];
        var values = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            var name = components[i].getName();
            types[i] = components[i].getType();
            values[i] =
                    convert(components[i].getGenericType(), members.get(name), path + "." + name);
        }
        try {
            return record.getDeclaredConstructor(types).newInstance(values);
        } catch (InvocationTargetException e) {
            throw new ProtocolException(path + ": " + e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a record has its canonical constructor", e);
        }
    }

    private static Class<?> kindOf(Class<?> type, Map<?, ?> members, String path)
            throws ProtocolException {
        var kind = members.get("kind");
        for (var candidate : recordsOf(type)) {
            if (word(candidate).equals(kind)) {
                return candidate;
            }
        }
        throw new ProtocolException(path + ": no such kind: " + kind);
    }

    /** The records of a sealed interface and of those below it. */
    private static List<Class<?>> recordsOf(Class<?> type) {
        if (type.isRecord()) {
            return List.of(type);
        }
        var records = new ArrayList<Class<?>>();
        for (var permitted : type.getPermittedSubclasses()) {
            records.addAll(recordsOf(permitted));
        }
        return records;
    }

    private static boolean isOneOfSeveral(Class<?> record) {
        for (var type : record.getInterfaces()) {
            if (type.isSealed()) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable Object valueOf(RecordComponent component, Record record) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
    }

    private static <T> T require(Class<T> type, @Nullable Object tree, String path)
            throws ProtocolException {
        if (!type.isInstance(tree)) {
            throw new ProtocolException(
                    path
                            + ": expected "
                            + type.getSimpleName().toLowerCase(Locale.ROOT)
                            + ", found "
                            + (tree == null ? "nothing" : tree));
        }
        return type.cast(tree);
    }
}
