package io.leasehold.ops.control;

/**
 * One condition of a takeover.
 *
 * @param name in a word or two
 * @param sentence how it is
 * @param rule of PROTOCOL.md, such as {@code R6}; empty if none demands it
 */
public record CheckView(String name, boolean ok, String sentence, String rule) {}
