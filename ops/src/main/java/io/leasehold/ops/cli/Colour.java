package io.leasehold.ops.cli;

/** Colours of a terminal (ECMA-48); on anything else no text is changed. */
enum Colour {
    GREEN("32"),
    YELLOW("33"),
    RED("1;31"),
    BOLD("1");

    /** To the upper left corner, and nothing below. */
    static final String CLEAR_SCREEN = "\u001b[H\u001b[2J";

    private final String code;

    Colour(String code) {
        this.code = code;
    }

    String paint(String text, Console console) {
        return console.colour() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
