package io.leasehold.ops.control;

import java.util.List;

/**
 * What a comparison of both copies found.
 *
 * @param equal no difference
 * @param sentence the same in plain words
 * @param sequence the operation at which they were compared
 * @param differences at most so many as are worth reading, one line each
 */
public record VerifyView(
        boolean equal,
        String sentence,
        long sequence,
        long files,
        long bytes,
        List<String> differences)
        implements View {}
