package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Cuts a dhcpd.conf into tokens; tolerant, because {@code dhcpd -t} is the judge of syntax. */
final class Lexer {

    private final byte[] text;
    private final Path file;
    private final Consumer<Finding> findings;
    private int at;
    private int line = 1;
    private int lineStart;

    private Lexer(byte[] text, Path file, Consumer<Finding> findings) {
        this.text = text;
        this.file = file;
        this.findings = findings;
    }

    static List<Token> tokens(byte[] text, Path file, Consumer<Finding> findings) {
        return new Lexer(text, file, findings).tokens();
    }

    private List<Token> tokens() {
        var tokens = new ArrayList<Token>();
        while (at < text.length) {
            int c = text[at] & 0xff;
            if (c == '\n') {
                at++;
                newLine();
            } else if (isSpace(c)) {
                at++;
            } else if (c == '#') {
                while (at < text.length && text[at] != '\n') {
                    at++;
                }
            } else {
                tokens.add(token(c));
            }
        }
        return tokens;
    }

    private Token token(int c) {
        return switch (c) {
            case '{' -> sign(Token.Kind.OPEN);
            case '}' -> sign(Token.Kind.CLOSE);
            case ';' -> sign(Token.Kind.SEMICOLON);
            case ',', '=', '(', ')' -> sign(Token.Kind.SIGN);
            case '"' -> string();
            default -> word();
        };
    }

    private Token sign(Token.Kind kind) {
        var place = place();
        int from = at++;
        return new Token(kind, String.valueOf((char) text[from]), place, from, at);
    }

    private Token word() {
        var place = place();
        int from = at;
        while (at < text.length && !endsWord(text[at] & 0xff)) {
            at++;
        }
        return new Token(Token.Kind.WORD, latin(from, at), place, from, at);
    }

    private Token string() {
        var place = place();
        int from = at++;
        var value = new StringBuilder();
        while (at < text.length && text[at] != '"') {
            int c = text[at++] & 0xff;
            if (c == '\n') {
                newLine();
            }
            value.append(c == '\\' && at < text.length ? escape() : (char) c);
        }
        if (at == text.length) {
            findings.accept(
                    Finding.error(
                            "configuration-string-unclosed",
                            place,
                            "the string that begins here has no end",
                            "add the closing quote"));
        } else {
            at++;
        }
        return new Token(Token.Kind.STRING, value.toString(), place, from, at);
    }

    private char escape() {
        int c = text[at++] & 0xff;
        return switch (c) {
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'n' -> '\n';
            case 'b' -> '\b';
            case '0', '1', '2', '3' -> (char) digits(c - '0', 8);
            case 'x' -> (char) digits(0, 16);
            default -> (char) c;
        };
    }

    private int digits(int first, int radix) {
        int value = first;
        for (int i = 0; i < 2 && at < text.length; i++) {
            int digit = Character.digit(text[at] & 0xff, radix);
            if (digit < 0) {
                break;
            }
            value = value * radix + digit;
            at++;
        }
        return value;
    }

    private String latin(int from, int to) {
        return new String(text, from, to - from, java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private Place place() {
        return new Place(file, line, at - lineStart + 1);
    }

    private void newLine() {
        line++;
        lineStart = at;
    }

    private static boolean endsWord(int c) {
        return switch (c) {
            case '\n', '{', '}', ';', ',', '=', '(', ')', '"', '#' -> true;
            default -> isSpace(c);
        };
    }

    private static boolean isSpace(int c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == 0x0b;
    }
}
