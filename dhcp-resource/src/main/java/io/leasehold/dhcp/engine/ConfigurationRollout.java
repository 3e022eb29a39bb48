package io.leasehold.dhcp.engine;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.config.ConfigurationWatch;
import io.leasehold.dhcp.config.ConfigurationWatch.Outcome;
import io.leasehold.dhcp.config.Generation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts an accepted generation in force by a restart, and takes it back if dhcpd does not start with
 * it: {@code dhcpd -t} does not know interfaces and addresses.
 */
public final class ConfigurationRollout {

    /** What became of it. */
    public sealed interface Result {

        /** dhcpd serves with the new generation. */
        record Applied(Generation generation, StartResult.Started started) implements Result {}

        /**
         * dhcpd did not start with it, and serves with the one before again.
         *
         * @param inForce the text of before under a new number
         * @param findings why
         */
        record TakenBack(Generation failed, Generation inForce, List<Finding> findings)
                implements Result {
            public TakenBack {
                findings = List.copyOf(findings);
            }
        }

        /** dhcpd does not run: not with the new one, and not with the one before. */
        record Failed(List<Finding> findings) implements Result {
            public Failed {
                findings = List.copyOf(findings);
            }
        }
    }

    private final DhcpdEngine engine;
    private final ConfigurationWatch watch;

    public ConfigurationRollout(DhcpdEngine engine, ConfigurationWatch watch) {
        this.engine = engine;
        this.watch = watch;
    }

    /** Blocks until dhcpd serves again, or does not. */
    public Result apply(Outcome.Accepted accepted) throws IOException {
        return switch (engine.restart()) {
            case StartResult.Started started -> new Result.Applied(accepted.generation(), started);
            case StartResult.NotStarted(var reasons) -> {
                if (accepted.before().isEmpty()) {
                    yield new Result.Failed(reasons);
                }
                var inForce =
                        watch.takeBack(accepted.generation(), accepted.before().orElseThrow());
                yield switch (engine.start()) {
                    case StartResult.Started _ ->
                            new Result.TakenBack(accepted.generation(), inForce, reasons);
                    case StartResult.NotStarted(var again) -> {
                        var all = new ArrayList<>(reasons);
                        all.addAll(again);
                        yield new Result.Failed(all);
                    }
                };
            }
        };
    }
}
