package io.leasehold.itests.simulator;

import io.leasehold.blockrep.volume.Changes;
import io.leasehold.heartbeat.controller.ClusterConfiguration;
import io.leasehold.heartbeat.controller.Effect;
import io.leasehold.heartbeat.controller.Event;
import io.leasehold.heartbeat.fencing.FenceOutcome;
import io.leasehold.heartbeat.record.Arbiter;
import io.leasehold.heartbeat.record.BootId;
import io.leasehold.heartbeat.record.DurableState;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import java.util.List;
import java.util.Optional;

/** Several rules switched off: each falsifies what the ones before it have left. */
final class SeveralBroken implements Sabotage {
    private final List<Sabotage> rules;

    SeveralBroken(List<Sabotage> rules) {
        this.rules = List.copyOf(rules);
    }

    @Override
    public void before(Daemon daemon, Effect effect) {
        rules.forEach(rule -> rule.before(daemon, effect));
    }

    @Override
    public List<Event> told(Daemon daemon, Event happened) {
        var events = List.of(happened);
        for (var rule : rules) {
            events = events.stream().flatMap(event -> rule.told(daemon, event).stream()).toList();
        }
        return events;
    }

    @Override
    public List<Effect> effects(Daemon daemon, Effect ordered) {
        var effects = List.of(ordered);
        for (var rule : rules) {
            effects =
                    effects.stream()
                            .flatMap(effect -> rule.effects(daemon, effect).stream())
                            .toList();
        }
        return effects;
    }

    @Override
    public List<io.leasehold.blockrep.replication.Event> volumeEvents(
            Replica replica, io.leasehold.blockrep.replication.Event happened) {
        var events = List.of(happened);
        for (var rule : rules) {
            events =
                    events.stream()
                            .flatMap(event -> rule.volumeEvents(replica, event).stream())
                            .toList();
        }
        return events;
    }

    @Override
    public Optional<EnsembleRequest> asked(Daemon daemon, EnsembleRequest request) {
        var asked = Optional.of(request);
        for (var rule : rules) {
            asked = asked.flatMap(next -> rule.asked(daemon, next));
        }
        return asked;
    }

    @Override
    public Arbiter arbiter(Arbiter honest) {
        var arbiter = honest;
        for (var rule : rules) {
            arbiter = rule.arbiter(arbiter);
        }
        return arbiter;
    }

    @Override
    public BootId bootId(BootId honest) {
        var boot = honest;
        for (var rule : rules) {
            boot = rule.bootId(boot);
        }
        return boot;
    }

    @Override
    public Optional<DurableState> rights(Optional<DurableState> honest) {
        var state = honest;
        for (var rule : rules) {
            state = rule.rights(state);
        }
        return state;
    }

    @Override
    public ClusterConfiguration configuration(ClusterConfiguration honest) {
        var configuration = honest;
        for (var rule : rules) {
            configuration = rule.configuration(configuration);
        }
        return configuration;
    }

    @Override
    public FenceOutcome fenced(FenceOutcome honest) {
        var outcome = honest;
        for (var rule : rules) {
            outcome = rule.fenced(outcome);
        }
        return outcome;
    }

    @Override
    public Changes touchedBySource(Changes honest) {
        var changes = honest;
        for (var rule : rules) {
            changes = rule.touchedBySource(changes);
        }
        return changes;
    }

    @Override
    public Changes touchedByTarget(Changes honest) {
        var changes = honest;
        for (var rule : rules) {
            changes = rule.touchedByTarget(changes);
        }
        return changes;
    }

    @Override
    public boolean diskSyncs() {
        return rules.stream().allMatch(Sabotage::diskSyncs);
    }

    @Override
    public boolean diskSaysThatItFails() {
        return rules.stream().allMatch(Sabotage::diskSaysThatItFails);
    }

    @Override
    public boolean applies(Replica replica) {
        return rules.stream().allMatch(rule -> rule.applies(replica));
    }

    @Override
    public boolean killKeepsWhatWasWritten() {
        return rules.stream().allMatch(Sabotage::killKeepsWhatWasWritten);
    }

    @Override
    public boolean kernelShutsTheGate() {
        return rules.stream().allMatch(Sabotage::kernelShutsTheGate);
    }

    @Override
    public boolean keeperWatches() {
        return rules.stream().allMatch(Sabotage::keeperWatches);
    }

    @Override
    public boolean writesAnEpochOnce() {
        return rules.stream().allMatch(Sabotage::writesAnEpochOnce);
    }

    @Override
    public boolean resyncsIntoAShadow() {
        return rules.stream().allMatch(Sabotage::resyncsIntoAShadow);
    }
}
