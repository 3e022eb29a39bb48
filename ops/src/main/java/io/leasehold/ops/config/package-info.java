/**
 * The configuration file: from text to one immutable, wholly validated {@link Configuration}.
 *
 * <p>{@link ConfigurationFile} reads a file in HOCON and answers either with a {@link
 * Configuration} or with every problem that it has, each with its place and a hint; nothing else in
 * the program reads the file, so nothing runs on half of one. {@link Schema} is the list of
 * sections and keys with their types, bounds, defaults and relations; {@code
 * ops/docs/configuration.md} describes the same list for a person, and a test compares the two.
 */
@NullMarked
package io.leasehold.ops.config;

import org.jspecify.annotations.NullMarked;
