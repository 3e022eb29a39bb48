package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Makes statements of tokens. dhcpd.conf has one shape throughout: words up to a semicolon, or up
 * to a block in braces. The exception are record types ({@code option a.b code 1 = { integer 8,
 * text };}), whose braces stand behind an equals sign.
 */
final class Parser {

    /** Deeper is no configuration that a person wrote. */
    private static final int DEPTH_MAX = 64;

    private final List<Token> tokens;
    private final Consumer<Finding> findings;
    private int at;

    private Parser(List<Token> tokens, Consumer<Finding> findings) {
        this.tokens = tokens;
        this.findings = findings;
    }

    static List<Statement> statements(List<Token> tokens, Consumer<Finding> findings) {
        return new Parser(tokens, findings).file();
    }

    private List<Statement> file() {
        var statements = new ArrayList<Statement>();
        while (at < tokens.size()) {
            statements.addAll(statements(0));
            if (at < tokens.size()) {
                findings.accept(
                        Finding.error(
                                "configuration-brace-unopened",
                                tokens.get(at).place(),
                                "this } closes nothing",
                                "remove it, or add the { that it belongs to"));
                at++;
            }
        }
        return statements;
    }

    /** Up to the end, or to the closing brace that it does not consume. */
    private List<Statement> statements(int depth) {
        var statements = new ArrayList<Statement>();
        while (at < tokens.size()) {
            var token = tokens.get(at);
            switch (token.kind()) {
                case CLOSE -> {
                    return statements;
                }
                case SEMICOLON -> at++;
                case OPEN, WORD, STRING, SIGN -> statements.add(statement(depth));
            }
        }
        return statements;
    }

    private Statement statement(int depth) {
        var words = new ArrayList<Token>();
        var first = tokens.get(at);
        boolean afterEquals = false;
        while (at < tokens.size()) {
            var token = tokens.get(at);
            switch (token.kind()) {
                case SEMICOLON -> {
                    at++;
                    return new Statement(
                            words, Optional.empty(), first.place(), first.from(), token.to());
                }
                case OPEN -> {
                    at++;
                    if (afterEquals) {
                        recordType(token.place());
                    } else {
                        return block(words.isEmpty() ? List.of(token) : words, first, token, depth);
                    }
                }
                case CLOSE -> {
                    findings.accept(
                            Finding.error(
                                    "configuration-semicolon-missing",
                                    first.place(),
                                    "the statement that begins here has no ; before the }",
                                    "add the semicolon"));
                    return new Statement(
                            words, Optional.empty(), first.place(), first.from(), token.from());
                }
                case WORD, STRING, SIGN -> {
                    words.add(token);
                    afterEquals = token.text().equals("=");
                    at++;
                }
            }
        }
        findings.accept(
                Finding.error(
                        "configuration-statement-unfinished",
                        first.place(),
                        "the statement that begins here is not finished at the end of the file",
                        "add the missing ; or block"));
        return new Statement(
                words.isEmpty() ? List.of(first) : words,
                Optional.empty(),
                first.place(),
                first.from(),
                tokens.getLast().to());
    }

    private Statement block(List<Token> words, Token first, Token open, int depth) {
        List<Statement> inside = List.of();
        if (depth < DEPTH_MAX) {
            inside = statements(depth + 1);
        } else {
            findings.accept(
                    Finding.error(
                            "configuration-too-deep",
                            open.place(),
                            "more than " + DEPTH_MAX + " blocks within each other",
                            "flatten the configuration"));
            at = tokens.size();
        }
        int to = tokens.getLast().to();
        if (at < tokens.size()) {
            to = tokens.get(at).to();
            at++;
        } else {
            findings.accept(
                    Finding.error(
                            "configuration-brace-unclosed",
                            open.place(),
                            "the block that begins here is not closed in this file",
                            "add the }"));
        }
        return new Statement(words, Optional.of(inside), first.place(), first.from(), to);
    }

    private void recordType(Place open) {
        while (at < tokens.size()) {
            if (tokens.get(at++).kind() == Token.Kind.CLOSE) {
                return;
            }
        }
        findings.accept(
                Finding.error(
                        "configuration-brace-unclosed",
                        open,
                        "the record type that begins here is not closed",
                        "add the }"));
    }
}
