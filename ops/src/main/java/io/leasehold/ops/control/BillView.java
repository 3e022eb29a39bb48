package io.leasehold.ops.control;

import java.util.List;

/**
 * What a forced promotion may cost; nothing was done yet.
 *
 * @param node that would be primary
 * @param code of exactly this bill: who gives it back wants the promotion all the same
 * @param items what may be lost, and what the person answers for
 */
public record BillView(String node, String sentence, String code, List<WhyView.FactView> items)
        implements View {}
