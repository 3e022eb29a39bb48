package io.leasehold.ops.control;

import java.util.List;

/**
 * The heartbeat links.
 *
 * @param node the node that answers
 * @param peer whom it hears on them
 */
public record LinksView(String node, String peer, List<LinkView> links) implements View {}
