package io.leasehold.ops.control;

import java.util.List;

/**
 * Whether a takeover now would succeed and lose nothing.
 *
 * @param ready every check is ok
 * @param sentence the same in plain words
 */
public record ReadyView(boolean ready, String sentence, List<CheckView> checks) implements View {}
