package io.leasehold.blockrep.volume;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A log in memory in which everything is durable at once. */
final class MemoryLog implements OperationLog {

    final List<Operation> operations = new ArrayList<>();
    private final Map<RequestId, Operation> resolved = new HashMap<>();

    /** The operations behind {@code from}, up to {@code to} and with it. */
    History between(long from, long to) {
        return visitor -> {
            for (long seq = from + 1; seq <= to; seq++) {
                visitor.visit(new Seq(seq), operations.get((int) seq - 1));
            }
        };
    }

    @Override
    public void awaitRoom(int payloadBytes) {}

    @Override
    public Seq append(Operation operation, RequestId request) {
        operations.add(operation);
        resolved.put(request, operation);
        return new Seq(operations.size());
    }

    @Override
    public void whenDurable(Seq upTo, Runnable completion) {
        completion.run();
    }

    @Override
    public void commitAhead(Seq upTo) {}

    @Override
    public Seq locallyDurable() {
        return new Seq(operations.size());
    }

    @Override
    public void syncLocally() {}

    @Override
    public Optional<Operation> resolved(RequestId request) {
        return Optional.ofNullable(resolved.get(request));
    }
}
