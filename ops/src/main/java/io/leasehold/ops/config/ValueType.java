package io.leasehold.ops.config;

import static java.util.stream.Collectors.joining;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.leasehold.ops.config.Amounts.Unit;
import java.math.BigDecimal;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What a value may be: how it is read, and how it is written again.
 *
 * @param description in words, as the documentation has it
 */
record ValueType<T>(String description, Parser<T> parser, Function<T, String> printer) {

    @FunctionalInterface
    interface Parser<T> {
        T parse(ConfigValue value) throws InvalidValueException;
    }

    static final int DEFAULT_REPLICATION_PORT = 7740;

    /**
     * IFNAMSIZ of Linux is 16 with the final zero; the kernel refuses slash, colon and white space.
     */
    private static final Pattern INTERFACE = Pattern.compile("[^/:\\s]{1,15}");

    private static final Pattern PRINTABLE = Pattern.compile("[^\\p{Cntrl}]+");

    /** Text on one line. */
    static ValueType<String> text() {
        return of("text", value -> printable(scalar(value, "a text")));
    }

    static ValueType<String> clusterName() {
        return of(
                "text",
                value -> {
                    var text = scalar(value, "a name");
                    if (!text.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")) {
                        throw new InvalidValueException(
                                "expected up to 63 letters, digits, dots and hyphens, found "
                                        + quoted(text));
                    }
                    return text;
                });
    }

    static ValueType<String> networkInterface() {
        return of(
                "interface",
                value -> {
                    var text = scalar(value, "the name of an interface");
                    if (!INTERFACE.matcher(text).matches()
                            || text.equals(".")
                            || text.equals("..")) {
                        throw new InvalidValueException(
                                "expected the name of an interface (1 to 15 characters, no slash, colon or"
                                        + " space), found "
                                        + quoted(text));
                    }
                    return text;
                });
    }

    static ValueType<Path> absolutePath() {
        return new ValueType<>(
                "absolute path",
                value -> {
                    var path = path(value);
                    if (!path.isAbsolute()) {
                        throw new InvalidValueException(
                                "expected an absolute path, found " + quoted(path.toString()));
                    }
                    return path.normalize();
                },
                Path::toString);
    }

    /** A path below some directory, which it cannot leave. */
    static ValueType<Path> relativePath(String base) {
        return new ValueType<>(
                "path below the " + base,
                value -> {
                    var path = path(value);
                    var normal = path.normalize();
                    if (path.isAbsolute()
                            || normal.startsWith("..")
                            || normal.toString().isEmpty()) {
                        throw new InvalidValueException(
                                "expected a path below the "
                                        + base
                                        + ", found "
                                        + quoted(path.toString()),
                                "write it relative to the " + base + ", without a slash in front");
                    }
                    return normal;
                },
                Path::toString);
    }

    /** A path, or the name of a program in {@code directory}. */
    static ValueType<Path> program() {
        return new ValueType<>(
                "name or absolute path",
                value -> {
                    var path = path(value);
                    if (!path.isAbsolute() && path.getNameCount() != 1) {
                        throw new InvalidValueException(
                                "expected a program's name or its absolute path, found "
                                        + quoted(path.toString()));
                    }
                    return path;
                },
                Path::toString);
    }

    static ValueType<Integer> integer(int min, int max) {
        return new ValueType<>(
                "integer " + min + " to " + max,
                value -> {
                    var text = scalar(value, "an integer");
                    try {
                        var number = Integer.parseInt(text);
                        if (number >= min && number <= max) {
                            return number;
                        }
                    } catch (NumberFormatException _) {
                        // Said below, in the same words as for a number that is out of bounds.
                    }
                    throw new InvalidValueException(
                            "expected an integer from "
                                    + min
                                    + " to "
                                    + max
                                    + ", found "
                                    + quoted(text));
                },
                String::valueOf);
    }

    static ValueType<Boolean> yesOrNo() {
        return new ValueType<>(
                "yes or no",
                value ->
                        switch (scalar(value, "yes or no")) {
                            case "yes", "true", "on" -> true;
                            case "no", "false", "off" -> false;
                            case String text ->
                                    throw new InvalidValueException(
                                            "expected yes or no, found " + quoted(text));
                        },
                value -> value ? "yes" : "no");
    }

    /** A time with its unit. */
    static ValueType<Duration> duration(Duration min, Duration max) {
        var nanos = amount("duration", Amounts.DURATION_UNITS, min.toNanos(), max.toNanos());
        return new ValueType<>(
                nanos.description(),
                value -> Duration.ofNanos(nanos.parser().parse(value)),
                Amounts::print);
    }

    /** A number of bytes with its unit. */
    static ValueType<Long> size(long min, long max) {
        return amount("size", Amounts.SIZE_UNITS, min, max);
    }

    private static ValueType<Long> amount(String kind, List<Unit> units, long min, long max) {
        var bounds = Amounts.print(min, units) + " to " + Amounts.print(max, units);
        return new ValueType<>(
                kind + " " + bounds,
                value -> {
                    var text = scalar(value, "a " + kind);
                    var amount = Amounts.parse(text, units);
                    if (amount.isEmpty()) {
                        throw new InvalidValueException(
                                "expected a " + kind + ", found " + quoted(text),
                                "a number and a unit out of "
                                        + Amounts.symbols(units)
                                        + "; "
                                        + bounds);
                    }
                    var exact = amount.get();
                    if (exact.compareTo(BigDecimal.valueOf(min)) < 0
                            || exact.compareTo(BigDecimal.valueOf(max)) > 0) {
                        throw new InvalidValueException("expected " + bounds + ", found " + text);
                    }
                    return exact.longValue();
                },
                amount -> Amounts.print(amount, units));
    }

    static ValueType<Inet4Address> address() {
        return new ValueType<>(
                "IPv4 address",
                value -> host(scalar(value, "an address")),
                Inet4Address::getHostAddress);
    }

    /** Where a pair's znodes are, in an ensemble that others use, too. */
    static ValueType<String> znode() {
        return of(
                "path of a znode",
                value -> {
                    var text = scalar(value, "the path of a znode");
                    if (!text.matches("(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+")) {
                        throw new InvalidValueException(
                                "expected the path of a znode, found " + quoted(text),
                                "such as /leasehold");
                    }
                    return text;
                });
    }

    static ValueType<InetSocketAddress> socketAddress() {
        return new ValueType<>(
                "IPv4 address, or address:port",
                value -> {
                    var text = scalar(value, "an address");
                    var colon = text.indexOf(':');
                    if (colon < 0) {
                        return new InetSocketAddress(host(text), DEFAULT_REPLICATION_PORT);
                    }
                    try {
                        var port = Integer.parseInt(text.substring(colon + 1));
                        if (port >= 1 && port <= 65_535) {
                            return new InetSocketAddress(host(text.substring(0, colon)), port);
                        }
                    } catch (NumberFormatException _) {
                        // Said below, in the same words as for a port that is out of bounds.
                    }
                    throw new InvalidValueException(
                            "expected address:port with a port from 1 to 65535, found "
                                    + quoted(text));
                },
                address -> address.getAddress().getHostAddress() + ":" + address.getPort());
    }

    static ValueType<InterfaceAddress> interfaceAddress() {
        return new ValueType<>(
                "IPv4 address/prefix",
                value -> {
                    var text = scalar(value, "an address with its prefix length");
                    var slash = text.indexOf('/');
                    try {
                        var prefix = slash < 0 ? 0 : Integer.parseInt(text.substring(slash + 1));
                        if (prefix >= 1 && prefix <= 32) {
                            return new InterfaceAddress(host(text.substring(0, slash)), prefix);
                        }
                    } catch (NumberFormatException _) {
                        // Said below, in the same words as for a length that is out of bounds.
                    }
                    throw new InvalidValueException(
                            "expected an address with its prefix length, found " + quoted(text),
                            "such as 192.0.2.10/24, with the prefix of the clients' network");
                },
                InterfaceAddress::toString);
    }

    static ValueType<CertificatePin> certificatePin() {
        return new ValueType<>(
                "SHA-256",
                value -> {
                    var text = scalar(value, "a SHA-256");
                    var hex = text.replace(":", "").toLowerCase(Locale.ROOT);
                    try {
                        return new CertificatePin(hex);
                    } catch (IllegalArgumentException _) {
                        throw new InvalidValueException(
                                "expected the SHA-256 of a certificate ("
                                        + CertificatePin.DIGITS
                                        + " hexadecimal digits, with or without colons), found "
                                        + quoted(text),
                                "openssl x509 -noout -fingerprint -sha256 -in CERTIFICATE prints it");
                    }
                },
                CertificatePin::hex);
    }

    /** One of a few words: the names of the constants in lower case, with hyphens. */
    static <E extends Enum<E>> ValueType<E> oneOf(Class<E> type) {
        var words = new LinkedHashMap<String, E>();
        for (var constant : type.getEnumConstants()) {
            words.put(word(constant), constant);
        }
        var names = String.join(", ", words.keySet());
        return new ValueType<>(
                words.size() == 1 ? names : "one of " + names,
                value -> {
                    var text = scalar(value, "a word");
                    var constant = words.get(text);
                    if (constant == null) {
                        throw new InvalidValueException(
                                "expected "
                                        + (words.size() == 1 ? "" : "one of ")
                                        + names
                                        + ", found "
                                        + quoted(text),
                                Spelling.closest(text, words.keySet())
                                        .map(word -> "did you mean " + word + "?")
                                        .orElse(""));
                    }
                    return constant;
                },
                ValueType::word);
    }

    /**
     * A list, where a single value stands for a list of one.
     *
     * @param description what it is a list of, in the plural
     */
    static <T> ValueType<List<T>> listOf(String description, ValueType<T> element) {
        return new ValueType<>(
                "list of " + description,
                value -> {
                    if (!(value instanceof ConfigList list)) {
                        return List.of(element.parser().parse(value));
                    }
                    var elements = new ArrayList<T>();
                    for (var item : list) {
                        elements.add(element.parser().parse(item));
                    }
                    return List.copyOf(elements);
                },
                elements ->
                        elements.stream().map(element.printer()).collect(joining(", ", "[", "]")));
    }

    /** Names with texts, in the order of the names: what a fence agent is told. */
    static ValueType<Map<String, String>> options() {
        return new ValueType<>(
                "names with values",
                value -> {
                    if (!(value instanceof ConfigObject object)) {
                        throw new InvalidValueException(
                                "expected names with values in braces, found " + kind(value));
                    }
                    var options = new TreeMap<String, String>();
                    for (var entry : object.entrySet()) {
                        if (!entry.getKey().matches("[A-Za-z0-9_-]+")) {
                            throw new InvalidValueException(
                                    "expected an option's name (letters, digits, _ and -), found "
                                            + quoted(entry.getKey()));
                        }
                        options.put(
                                entry.getKey(),
                                printable(
                                        scalar(entry.getValue(), "a text for " + entry.getKey())));
                    }
                    return Collections.unmodifiableSortedMap(options);
                },
                options ->
                        options.entrySet().stream()
                                .map(ValueType::printOption)
                                .collect(joining(", ", "{", "}")));
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static String quoted(String text) {
        return '"' + text + '"';
    }

    private static ValueType<String> of(String description, Parser<String> parser) {
        return new ValueType<>(description, parser, Function.identity());
    }

    private static String printOption(Map.Entry<String, String> option) {
        var secret =
                option.getKey().toLowerCase(Locale.ROOT).matches(".*(passw|secret|community).*");
        // password_script and the like name a file, which is no secret.
        var shown = secret && !option.getKey().contains("script") ? "***" : option.getValue();
        return option.getKey() + " = " + quoted(shown);
    }

    private static String scalar(ConfigValue value, String expected) throws InvalidValueException {
        return switch (value.valueType()) {
            case STRING, NUMBER, BOOLEAN -> String.valueOf(value.unwrapped());
            case OBJECT, LIST, NULL ->
                    throw new InvalidValueException(
                            "expected " + expected + ", found " + kind(value));
        };
    }

    private static String kind(ConfigValue value) {
        return switch (value.valueType()) {
            case OBJECT -> "a section in braces";
            case LIST -> "a list";
            case NULL -> "null";
            case STRING, NUMBER, BOOLEAN -> quoted(String.valueOf(value.unwrapped()));
        };
    }

    static boolean isSection(ConfigValue value) {
        return value.valueType() == ConfigValueType.OBJECT;
    }

    private static String printable(String text) throws InvalidValueException {
        if (!PRINTABLE.matcher(text).matches()) {
            throw new InvalidValueException(
                    text.isEmpty() ? "is empty" : "has a control character, such as a line break");
        }
        return text;
    }

    private static Path path(ConfigValue value) throws InvalidValueException {
        return Path.of(printable(scalar(value, "a path")));
    }

    /**
     * A literal only: a name would have to be resolved, by a service that may be what is being
     * started.
     */
    private static Inet4Address host(String text) throws InvalidValueException {
        try {
            if (InetAddress.ofLiteral(text) instanceof Inet4Address address
                    && text.chars().filter(c -> c == '.').count() == 3) {
                return address;
            }
        } catch (IllegalArgumentException _) {
            // Said below.
        }
        throw new InvalidValueException("expected an IPv4 address, found " + quoted(text));
    }
}
