package io.leasehold.dhcp.lease;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.dhcp.Place;
import io.leasehold.dhcp.lease.LeaseFileReading.End;
import io.leasehold.dhcp.lease.LeaseLexer.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads a lease file of dhcpd 4.x as a stream: memory does not grow with the file.
 *
 * <p>The grammar is dhcpd.leases(5) as common and server code of 4.4.3 really write it. A record
 * counts when its closing brace was seen. What stands between the last complete declaration and the
 * end of the file is <em>torn</em>; everything else that cannot be read is <em>damaged</em>: its
 * record is dropped (as dhcpd drops it) with an error that names the place, and reading goes on at
 * the next record, at the latest at the next {@code lease} that begins a line.
 *
 * <p>A statement that is only unknown is skipped with a note. One parser reads one file once; not
 * for use by several threads.
 */
public final class LeaseFileParser {

    /** More are counted, not kept. */
    static final int FINDINGS_MAX = 100;

    private static final int HARDWARE_BYTES_MAX = 20;
    private static final int HARDWARE_TYPES_MAX = 64;
    private static final long NOT_A_NUMBER = Long.MIN_VALUE;

    private final LeaseLexer lexer;
    private final Path file;
    private final LeaseFileHandler handler;

    private final List<Finding> findings = new ArrayList<>();
    private final List<Finding> recordFindings = new ArrayList<>();
    private final Map<Octets, String> hardwareTypes = new HashMap<>();
    private Kind kind = Kind.END;
    private int damaged;
    private int damagedInRecord;
    private TornKind tornKind = TornKind.OTHER;
    private long declarations;

    private long declarationOffset;
    private int declarationLine;
    private int declarationColumn;
    private long completeToOffset;
    private int completeToLine;
    private long completeToLineOffset;

    // The numbers of a date or a time.
    private long first;
    private long second;
    private long third;

    // The record that is being read. Fields instead of a builder: this is the inner loop.
    private Ipv4Address address = Ipv4Address.ANY;
    private BindingState state = BindingState.ACTIVE;
    private Optional<BindingState> nextState = Optional.empty();
    private LeaseTime starts = LeaseTime.NONE;
    private LeaseTime ends = LeaseTime.NONE;
    private LeaseTime lastTransaction = LeaseTime.NONE;
    private Hardware hardware = Hardware.NONE;
    private Octets uid = Octets.EMPTY;
    private Octets hostname = Octets.EMPTY;
    private Octets circuitId = Octets.EMPTY;
    private Octets remoteId = Octets.EMPTY;

    /** What a torn declaration turned out to be before it ended. */
    private enum TornKind {
        NULS,
        LEASE,
        OTHER
    }

    /** How reading a declaration or a statement went on. */
    private enum Flow {
        /** Read to its end. */
        COMPLETE,
        /** The file ended first. */
        TORN,
        /** The current token begins another record; what came before it was never finished. */
        INTERRUPTED,
        /** The brace of the record came instead of the semicolon of the statement. */
        RECORD_CLOSED,
    }

    private LeaseFileParser(
            InputStream in,
            long offset,
            int line,
            long lineOffset,
            Path file,
            LeaseFileHandler handler) {
        this.lexer = new LeaseLexer(in, offset, line, lineOffset);
        this.file = file;
        this.handler = handler;
        this.completeToOffset = offset;
        this.completeToLine = line;
        this.completeToLineOffset = lineOffset;
    }

    /**
     * Reads a whole file.
     *
     * @param file only to name it in findings
     */
    public static LeaseFileReading parse(InputStream in, Path file, LeaseFileHandler handler)
            throws IOException {
        return new LeaseFileParser(in, 0, 1, 0, file, handler).read();
    }

    /**
     * Reads what was appended since an earlier reading of the same file.
     *
     * @param in positioned at {@code earlier.completeToOffset()}
     */
    static LeaseFileReading resume(
            InputStream in, LeaseFileReading earlier, Path file, LeaseFileHandler handler)
            throws IOException {
        return new LeaseFileParser(
                        in,
                        earlier.completeToOffset(),
                        earlier.completeToLine(),
                        earlier.completeToLineOffset(),
                        file,
                        handler)
                .read();
    }

    private LeaseFileReading read() throws IOException {
        kind = lexer.next();
        while (kind != Kind.END) {
            declarationOffset = lexer.offset();
            declarationLine = lexer.line();
            declarationColumn = lexer.column();
            recordFindings.clear();
            var flow =
                    switch (kind) {
                        case SEMICOLON -> Flow.COMPLETE;
                        case NULS -> nuls();
                        case WORD -> declaration();
                        case STRING, OPEN_BRACE, CLOSE_BRACE, EQUALS, COMMA, END -> garbage();
                    };
            switch (flow) {
                case COMPLETE -> {
                    keep(recordFindings);
                    completeToOffset = lexer.endOffset();
                    completeToLine = lexer.endLine();
                    completeToLineOffset = lexer.endLineOffset();
                    kind = lexer.next();
                }
                case TORN -> {
                    // Findings of a record that is cut off anyway would only confuse.
                    return reading(
                            new End.Torn(declarationOffset, declarationLine, describeTorn()));
                }
                case INTERRUPTED -> {
                    keep(recordFindings);
                    damage(
                            new Place(file, declarationLine, declarationColumn),
                            "lease-record-unfinished",
                            "the declaration that begins here is not finished when another record"
                                    + " begins in line "
                                    + lexer.line());
                }
                case RECORD_CLOSED ->
                        throw new IllegalStateException("a declaration ends as a whole");
            }
        }
        return reading(new End.Whole());
    }

    private LeaseFileReading reading(End end) {
        return new LeaseFileReading(
                completeToOffset,
                completeToLine,
                completeToLineOffset,
                declarations,
                damaged,
                findings,
                end);
    }

    private String describeTorn() {
        return switch (tornKind) {
            case NULS -> "NUL bytes, as a file system leaves them after a power loss";
            case LEASE -> "lease " + address;
            case OTHER -> "a declaration that is no lease";
        };
    }

    private Flow nuls() throws IOException {
        tornKind = TornKind.NULS;
        kind = lexer.next();
        if (kind == Kind.END) {
            return Flow.TORN;
        }
        damage(
                new Place(file, declarationLine, declarationColumn),
                "lease-file-nul-bytes",
                "NUL bytes with records behind them");
        return kind == Kind.WORD ? Flow.INTERRUPTED : garbage();
    }

    /** Something that cannot begin a declaration. */
    private Flow garbage() throws IOException {
        tornKind = TornKind.OTHER;
        recordDamage("lease-file-garbage", "expected a declaration, such as lease ADDRESS {");
        return skip(true);
    }

    private Flow declaration() throws IOException {
        tornKind = TornKind.OTHER;
        var keyword = keyword();
        return switch (keyword) {
            case LEASE -> lease();
            case SERVER_DUID -> serverDuid();
            case AUTHORING_BYTE_ORDER,
                    HOST,
                    GROUP,
                    CLASS,
                    SUBCLASS,
                    FAILOVER,
                    IA_NA,
                    IA_TA,
                    IA_PD -> {
                kind = lexer.next();
                var flow = skip(false);
                declarations += flow == Flow.COMPLETE ? 1 : 0;
                yield flow;
            }
            case STARTS,
                    ENDS,
                    TSTP,
                    TSFP,
                    ATSFP,
                    CLTT,
                    TIMESTAMP,
                    BINDING,
                    NEXT,
                    REWIND,
                    STATE,
                    FREE,
                    ACTIVE,
                    EXPIRED,
                    RELEASED,
                    ABANDONED,
                    RESET,
                    BACKUP,
                    RESERVED,
                    BOOTP,
                    DYNAMIC_BOOTP,
                    BILLING,
                    HARDWARE,
                    UID,
                    SET,
                    OPTION,
                    SUPERSEDE,
                    CLIENT_HOSTNAME,
                    HOSTNAME,
                    ON,
                    DDNS_FWD_NAME,
                    DDNS_REV_NAME,
                    NEVER,
                    EPOCH,
                    AGENT_CIRCUIT_ID,
                    AGENT_REMOTE_ID,
                    UNKNOWN -> {
                recordDamage(
                        "lease-file-unknown-declaration",
                        "dhcpd says \"Corrupt lease file - possible data loss!\" to \""
                                + word()
                                + "\" here");
                kind = lexer.next();
                yield skip(true);
            }
        };
    }

    private Flow serverDuid() throws IOException {
        kind = lexer.next();
        var duid = identifier();
        var flow = skip(false);
        if (flow == Flow.COMPLETE) {
            declarations++;
            duid.ifPresent(handler::serverDuid);
        }
        return flow;
    }

    private Flow lease() throws IOException {
        kind = lexer.next();
        if (kind == Kind.END) {
            return Flow.TORN;
        }
        var parsed = kind == Kind.WORD ? addressOf() : Optional.<Ipv4Address>empty();
        if (parsed.isEmpty()) {
            if (!lexer.isClosed()) {
                return Flow.TORN;
            }
            recordDamage("lease-address-malformed", "expected an IPv4 address, found " + word());
            return skip(true);
        }
        clearRecord(parsed.get());
        tornKind = TornKind.LEASE;
        kind = lexer.next();
        if (kind != Kind.OPEN_BRACE) {
            if (kind == Kind.END) {
                return Flow.TORN;
            }
            recordDamage("lease-brace-missing", "expected { after the address");
            return skip(true);
        }
        int damagedBefore = damagedInRecord;
        var flow = body();
        boolean intact = damagedInRecord == damagedBefore;
        if (flow == Flow.COMPLETE) {
            declarations++;
            if (intact) {
                handler.lease(record(), declarationOffset, lexer.endOffset());
            }
        }
        return flow;
    }

    /** Everything up to and including the brace that closes the record. */
    private Flow body() throws IOException {
        while (true) {
            kind = lexer.next();
            var flow =
                    switch (kind) {
                        case CLOSE_BRACE -> Flow.RECORD_CLOSED;
                        case SEMICOLON -> Flow.COMPLETE;
                        case END -> Flow.TORN;
                        case WORD -> beginsRecord() ? Flow.INTERRUPTED : statement();
                        case NULS, STRING, OPEN_BRACE, EQUALS, COMMA -> malformed("a statement");
                    };
            switch (flow) {
                case COMPLETE -> {}
                case RECORD_CLOSED -> {
                    return Flow.COMPLETE;
                }
                case TORN, INTERRUPTED -> {
                    return flow;
                }
            }
        }
    }

    private Flow statement() throws IOException {
        var keyword = keyword();
        return switch (keyword) {
            case STARTS -> {
                var time = time();
                starts = time.orElse(starts);
                yield endOf(time.isPresent(), "a date");
            }
            case ENDS -> {
                var time = time();
                ends = time.orElse(ends);
                yield endOf(time.isPresent(), "a date");
            }
            case CLTT -> {
                var time = time();
                lastTransaction = time.orElse(lastTransaction);
                yield endOf(time.isPresent(), "a date");
            }
            case TSTP, TSFP, ATSFP, TIMESTAMP -> endOf(time().isPresent(), "a date");
            case BINDING -> {
                var value = bindingState();
                state = value.orElse(state);
                yield endOf(value.isPresent(), "a binding state");
            }
            case NEXT -> {
                var value =
                        expect(Keyword.BINDING) ? bindingState() : Optional.<BindingState>empty();
                nextState = value;
                yield endOf(value.isPresent(), "a binding state");
            }
            case REWIND ->
                    endOf(expect(Keyword.BINDING) && bindingState().isPresent(), "a binding state");
            case ABANDONED -> {
                state = BindingState.ABANDONED;
                kind = lexer.next();
                yield endOf(true, "nothing");
            }
            case RESERVED, BOOTP, DYNAMIC_BOOTP -> {
                kind = lexer.next();
                yield endOf(true, "nothing");
            }
            case HARDWARE -> {
                boolean good = hardware();
                yield endOf(good, "a hardware type and address");
            }
            case UID -> {
                kind = lexer.next();
                var value = identifier();
                uid = value.orElse(uid);
                yield endOf(value.isPresent(), "a string or hexadecimal bytes");
            }
            case CLIENT_HOSTNAME, HOSTNAME -> {
                kind = lexer.next();
                var value = textOrWord();
                hostname = value.orElse(hostname);
                yield endOf(value.isPresent(), "a string");
            }
            case OPTION, SUPERSEDE -> option();
            case SET, BILLING, DDNS_FWD_NAME, DDNS_REV_NAME, CLASS -> {
                kind = lexer.next();
                yield skipStatement(false);
            }
            case ON -> {
                kind = lexer.next();
                yield skipStatement(true);
            }
            case LEASE,
                    HOST,
                    GROUP,
                    SUBCLASS,
                    FAILOVER,
                    AUTHORING_BYTE_ORDER,
                    SERVER_DUID,
                    IA_NA,
                    IA_TA,
                    IA_PD,
                    STATE,
                    FREE,
                    ACTIVE,
                    EXPIRED,
                    RELEASED,
                    RESET,
                    BACKUP,
                    NEVER,
                    EPOCH,
                    AGENT_CIRCUIT_ID,
                    AGENT_REMOTE_ID,
                    UNKNOWN -> {
                recordNote(
                        "lease-statement-unknown",
                        "skipped a statement that is unknown: " + word());
                kind = lexer.next();
                yield skipStatement(false);
            }
        };
    }

    /**
     * Checks that the statement ends here; if it does not, or was wrong already, skips to its end.
     */
    private Flow endOf(boolean good, String expected) throws IOException {
        if (good && kind == Kind.SEMICOLON) {
            return Flow.COMPLETE;
        }
        return malformed(good ? "; after the statement" : expected);
    }

    private Flow malformed(String expected) throws IOException {
        recordDamage(
                "lease-statement-malformed",
                "expected "
                        + expected
                        + " in the record of "
                        + address
                        + ", found "
                        + word()
                        + "; dhcpd drops the record");
        return skipStatement(false);
    }

    /** {@code option agent.circuit-id "x";}, {@code supersede agent.remote-id = 1:2:3;} */
    private Flow option() throws IOException {
        kind = lexer.next();
        if (kind == Kind.WORD && keyword() == Keyword.OPTION) {
            kind = lexer.next();
        }
        var name = kind == Kind.WORD ? keyword() : Keyword.UNKNOWN;
        if (name == Keyword.AGENT_CIRCUIT_ID || name == Keyword.AGENT_REMOTE_ID) {
            kind = lexer.next();
            if (kind == Kind.EQUALS) {
                kind = lexer.next();
            }
            var value = identifier().or(this::wordOctets).orElse(Octets.EMPTY);
            if (name == Keyword.AGENT_CIRCUIT_ID) {
                circuitId = value;
            } else {
                remoteId = value;
            }
        }
        return skipStatement(false);
    }

    /** From the current token to the semicolon of this statement, or over its block. */
    private Flow skipStatement(boolean blockExpected) throws IOException {
        int depth = 0;
        while (true) {
            switch (kind) {
                case SEMICOLON -> {
                    if (depth == 0) {
                        return Flow.COMPLETE;
                    }
                }
                case OPEN_BRACE -> {
                    if (depth == 0 && !blockExpected) {
                        recordDamage(
                                "lease-block-unexpected",
                                "a block where none belongs, in the record of "
                                        + address
                                        + ": are two records glued together?");
                    }
                    depth++;
                }
                case CLOSE_BRACE -> {
                    if (depth == 0) {
                        recordDamage(
                                "lease-statement-malformed",
                                "expected ; before the end of the record of " + address);
                        return Flow.RECORD_CLOSED;
                    }
                    if (--depth == 0) {
                        return Flow.COMPLETE;
                    }
                }
                case END -> {
                    return Flow.TORN;
                }
                case WORD -> {
                    if (beginsRecord()) {
                        return Flow.INTERRUPTED;
                    }
                }
                case NULS -> {
                    kind = lexer.next();
                    if (kind == Kind.END) {
                        return Flow.TORN;
                    }
                    recordDamage("lease-file-nul-bytes", "NUL bytes within a record");
                    continue;
                }
                case STRING -> {
                    if (!lexer.isClosed()) {
                        var broken = place();
                        kind = lexer.next();
                        if (kind == Kind.END) {
                            return Flow.TORN;
                        }
                        recordDamage(broken, "lease-string-unclosed", "a string without its end");
                        continue;
                    }
                }
                case EQUALS, COMMA -> {}
            }
            kind = lexer.next();
        }
    }

    /** From the current token to the end of this declaration. */
    private Flow skip(boolean damagedAlready) throws IOException {
        int depth = 0;
        while (true) {
            switch (kind) {
                case SEMICOLON -> {
                    if (depth == 0) {
                        return Flow.COMPLETE;
                    }
                }
                case OPEN_BRACE -> depth++;
                case CLOSE_BRACE -> {
                    if (--depth <= 0) {
                        if (depth < 0 && !damagedAlready) {
                            recordDamage("lease-file-garbage", "a } that closes nothing");
                        }
                        return Flow.COMPLETE;
                    }
                }
                case END -> {
                    return Flow.TORN;
                }
                case WORD -> {
                    if (beginsRecord()) {
                        return Flow.INTERRUPTED;
                    }
                }
                case STRING, NULS, EQUALS, COMMA -> {}
            }
            kind = lexer.next();
        }
    }

    /** dhcpd begins every record on a line of its own and indents what is inside. */
    private boolean beginsRecord() {
        return lexer.column() == 1 && keyword() == Keyword.LEASE;
    }

    // ---- values: each leaves the token behind it as the current one

    /**
     * {@code W YYYY/MM/DD HH:MM:SS}, {@code epoch N}, {@code never}; the keyword before it is the
     * current token.
     */
    private Optional<LeaseTime> time() throws IOException {
        kind = lexer.next();
        if (kind != Kind.WORD) {
            return Optional.empty();
        }
        switch (keyword()) {
            case NEVER -> {
                kind = lexer.next();
                return Optional.of(LeaseTime.NEVER);
            }
            case EPOCH -> {
                kind = lexer.next();
                if (kind != Kind.WORD) {
                    return Optional.empty();
                }
                long seconds = number(0, lexer.length());
                if (seconds == NOT_A_NUMBER) {
                    return Optional.empty();
                }
                kind = lexer.next();
                return Optional.of(LeaseTime.ofEpochSecond(seconds));
            }
            default -> {
                return calendarTime();
            }
        }
    }

    private Optional<LeaseTime> calendarTime() throws IOException {
        // The weekday; its value does not matter, as in dhcpd.
        if (number(0, lexer.length()) == NOT_A_NUMBER) {
            return Optional.empty();
        }
        kind = lexer.next();
        if (kind != Kind.WORD || !triple('/')) {
            return Optional.empty();
        }
        long year = first;
        long month = second;
        long day = third;
        kind = lexer.next();
        if (kind != Kind.WORD || !triple(':')) {
            return Optional.empty();
        }
        long hour = first;
        long minute = second;
        long seconds = third;
        if (month < 1 || month > 12 || day < 1 || day > 31 || year < 0 || year > 99_999) {
            return Optional.empty();
        }
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || seconds < 0 || seconds > 60) {
            return Optional.empty();
        }
        kind = lexer.next();
        long offsetSeconds = 0;
        if (kind == Kind.WORD) {
            // parse_date_core() adds an optional number behind the time as it is, in seconds.
            offsetSeconds = number(0, lexer.length());
            if (offsetSeconds == NOT_A_NUMBER) {
                return Optional.empty();
            }
            kind = lexer.next();
        }
        return Optional.of(
                LeaseTime.ofEpochSecond(
                        daysSince1970(year, month, day) * 86_400
                                + hour * 3_600
                                + minute * 60
                                + seconds
                                + offsetSeconds));
    }

    /** Reads the current word as three numbers. */
    private boolean triple(char separator) {
        var text = lexer.text();
        int length = lexer.length();
        int one = indexOf(text, 0, length, separator);
        int two = one < 0 ? -1 : indexOf(text, one + 1, length, separator);
        if (two < 0) {
            return false;
        }
        first = number(0, one);
        second = number(one + 1, two);
        third = number(two + 1, length);
        return first != NOT_A_NUMBER && second != NOT_A_NUMBER && third != NOT_A_NUMBER;
    }

    private static int indexOf(byte[] text, int from, int to, char c) {
        for (int i = from; i < to; i++) {
            if (text[i] == c) {
                return i;
            }
        }
        return -1;
    }

    /** A part of the current word as a decimal number of at most 15 digits. */
    private long number(int from, int to) {
        var text = lexer.text();
        boolean negative = from < to && text[from] == '-';
        int start = negative ? from + 1 : from;
        if (start >= to || to - start > 15) {
            return NOT_A_NUMBER;
        }
        long value = 0;
        for (int i = start; i < to; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                return NOT_A_NUMBER;
            }
            value = value * 10 + digit;
        }
        return negative ? -value : value;
    }

    /** Proleptic Gregorian; the arithmetic of java.time.LocalDate#toEpochDay without its object. */
    private static long daysSince1970(long year, long month, long day) {
        long total = 365 * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
        total += (367 * month - 362) / 12 + day - 1;
        if (month > 2) {
            boolean leap = (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);
            total -= leap ? 1 : 2;
        }
        return total - 719_528;
    }

    /** {@code state NAME} behind {@code binding}, which is the current token. */
    private Optional<BindingState> bindingState() throws IOException {
        if (!expect(Keyword.STATE)) {
            return Optional.empty();
        }
        kind = lexer.next();
        if (kind != Kind.WORD) {
            return Optional.empty();
        }
        Optional<BindingState> value =
                switch (keyword()) {
                    case FREE -> Optional.of(BindingState.FREE);
                    case ACTIVE -> Optional.of(BindingState.ACTIVE);
                    // Old files: a state of their own; dhcpd reads active with a flag.
                    case RESERVED, BOOTP -> Optional.of(BindingState.ACTIVE);
                    case EXPIRED -> Optional.of(BindingState.EXPIRED);
                    case RELEASED -> Optional.of(BindingState.RELEASED);
                    case ABANDONED -> Optional.of(BindingState.ABANDONED);
                    case RESET -> Optional.of(BindingState.RESET);
                    case BACKUP -> Optional.of(BindingState.BACKUP);
                    default -> Optional.empty();
                };
        if (value.isPresent()) {
            kind = lexer.next();
        }
        return value;
    }

    /** Whether the next token is that keyword; it becomes the current one. */
    private boolean expect(Keyword keyword) throws IOException {
        kind = lexer.next();
        return kind == Kind.WORD && keyword() == keyword;
    }

    private boolean hardware() throws IOException {
        kind = lexer.next();
        if (kind != Kind.WORD) {
            return false;
        }
        var type = hardwareType();
        kind = lexer.next();
        if (kind == Kind.SEMICOLON) {
            hardware = new Hardware(type, Octets.EMPTY);
            return true;
        }
        var bytes = kind == Kind.WORD ? hexadecimal() : Optional.<Octets>empty();
        if (bytes.isEmpty() || bytes.get().length() > HARDWARE_BYTES_MAX) {
            return false;
        }
        hardware = new Hardware(type, bytes.get());
        kind = lexer.next();
        return true;
    }

    /** Nearly always the same word: one String for all records. */
    private String hardwareType() {
        var key = Octets.copyOf(lexer.text(), 0, lexer.length());
        var known = hardwareTypes.get(key);
        if (known != null) {
            return known;
        }
        var type = new String(lexer.text(), 0, lexer.length(), ISO_8859_1);
        if (hardwareTypes.size() < HARDWARE_TYPES_MAX) {
            hardwareTypes.put(key, type);
        }
        return type;
    }

    /** A string, or hexadecimal bytes with colons. */
    private Optional<Octets> identifier() throws IOException {
        if (lexer.isCut()) {
            return Optional.empty();
        }
        if (kind == Kind.STRING && lexer.isClosed()) {
            var value = Octets.copyOf(lexer.text(), 0, lexer.length());
            kind = lexer.next();
            return Optional.of(value);
        }
        if (kind == Kind.WORD) {
            var value = hexadecimal();
            if (value.isPresent()) {
                kind = lexer.next();
            }
            return value;
        }
        return Optional.empty();
    }

    private Optional<Octets> textOrWord() throws IOException {
        if (kind == Kind.WORD) {
            var value = wordOctets();
            kind = lexer.next();
            return value;
        }
        return identifier();
    }

    private Optional<Octets> wordOctets() {
        return kind == Kind.WORD
                ? Optional.of(Octets.copyOf(lexer.text(), 0, lexer.length()))
                : Optional.empty();
    }

    private Optional<Octets> hexadecimal() {
        var text = lexer.text();
        int length = lexer.length();
        var bytes = new byte[(length + 1) / 2];
        int count = 0;
        int i = 0;
        while (i < length) {
            int high = Character.digit(text[i], 16);
            if (high < 0) {
                return Optional.empty();
            }
            int low = i + 1 < length && text[i + 1] != ':' ? Character.digit(text[i + 1], 16) : -2;
            if (low == -1) {
                return Optional.empty();
            }
            bytes[count++] = (byte) (low < 0 ? high : high << 4 | low);
            i += low < 0 ? 1 : 2;
            if (i < length && (text[i] != ':' || ++i == length)) {
                return Optional.empty();
            }
        }
        return count == 0 ? Optional.empty() : Optional.of(Octets.copyOf(bytes, 0, count));
    }

    private Optional<Ipv4Address> addressOf() {
        var text = lexer.text();
        int length = lexer.length();
        int bits = 0;
        int octets = 0;
        int from = 0;
        for (int i = 0; i <= length; i++) {
            if (i == length || text[i] == '.') {
                long value = number(from, i);
                if (value < 0 || value > 255 || octets == 4) {
                    return Optional.empty();
                }
                bits = bits << 8 | (int) value;
                octets++;
                from = i + 1;
            }
        }
        return octets == 4 ? Optional.of(new Ipv4Address(bits)) : Optional.empty();
    }

    // ---- the record

    private void clearRecord(Ipv4Address of) {
        address = of;
        // dhcpd makes up a missing state from the end: active while it lies ahead. So does
        // Lease#isActiveAt with this.
        state = BindingState.ACTIVE;
        nextState = Optional.empty();
        starts = LeaseTime.NONE;
        ends = LeaseTime.NONE;
        lastTransaction = LeaseTime.NONE;
        hardware = Hardware.NONE;
        uid = Octets.EMPTY;
        hostname = Octets.EMPTY;
        circuitId = Octets.EMPTY;
        remoteId = Octets.EMPTY;
    }

    private Lease record() {
        return new Lease(
                address,
                state,
                nextState.orElse(state),
                starts,
                ends,
                lastTransaction,
                hardware,
                uid,
                hostname,
                circuitId,
                remoteId);
    }

    // ---- findings

    private Keyword keyword() {
        return Keyword.of(lexer.text(), lexer.length());
    }

    /** The current token, for a person. */
    private String word() {
        return switch (kind) {
            case WORD, STRING -> {
                int shown = Math.min(40, lexer.length());
                var start = Octets.copyOf(lexer.text(), 0, shown).toEscaped();
                yield '"' + start + (shown < lexer.length() ? "…\"" : "\"");
            }
            case OPEN_BRACE -> "{";
            case CLOSE_BRACE -> "}";
            case SEMICOLON -> ";";
            case EQUALS -> "=";
            case COMMA -> ",";
            case NULS -> "NUL bytes";
            case END -> "the end of the file";
        };
    }

    private Place place() {
        return new Place(file, lexer.line(), lexer.column());
    }

    private void recordDamage(String check, String what) {
        recordDamage(place(), check, what);
    }

    private void recordDamage(Place place, String check, String what) {
        damagedInRecord++;
        if (recordFindings.size() < FINDINGS_MAX) {
            recordFindings.add(error(place, check, what));
        }
    }

    private void recordNote(String check, String what) {
        if (recordFindings.size() < FINDINGS_MAX) {
            recordFindings.add(Finding.note(check, place(), what, ""));
        }
    }

    private void damage(Place place, String check, String what) {
        keep(List.of(error(place, check, what)));
    }

    private static Finding error(Place place, String check, String what) {
        return Finding.error(
                check,
                place,
                what,
                "look at the file, repair or remove this record, then start again");
    }

    private void keep(List<Finding> more) {
        for (var finding : more) {
            damaged += finding.isError() ? 1 : 0;
            if (findings.size() < FINDINGS_MAX) {
                findings.add(finding);
            }
        }
    }
}
