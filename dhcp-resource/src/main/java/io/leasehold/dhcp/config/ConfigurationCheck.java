package io.leasehold.dhcp.config;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Place;
import io.leasehold.dhcp.lease.LeaseTable;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The one judge of configurations: of an edit, before a start, and ahead of time on the secondary.
 *
 * <p>What does not depend on the moment (lint and {@code dhcpd -t}) is remembered by the content's
 * hash and the program, so a text that this node has judged before costs nothing at a takeover.
 * Thread-safe.
 */
public final class ConfigurationCheck {

    private static final int REMEMBERED_MAX = 32;

    private final ClusterFacts facts;
    private final SyntaxCheck syntax;
    private final Map<String, List<Finding>> remembered =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, List<Finding>> eldest) {
                    return size() > REMEMBERED_MAX;
                }
            };

    public ConfigurationCheck(ClusterFacts facts, SyntaxCheck syntax) {
        this.facts = facts;
        this.syntax = syntax;
    }

    public ClusterFacts facts() {
        return facts;
    }

    /**
     * Judges a configuration.
     *
     * @param leases what the lease file says now: leases that the configuration would forget are a
     *     warning
     */
    public Verdict check(Configuration configuration, LeaseTable leases, Instant now) {
        var findings = new ArrayList<>(lasting(configuration));
        findings.addAll(OrphanedLeases.check(configuration, leases, now));
        return Finding.anyError(findings)
                ? new Verdict.Bad(findings)
                : new Verdict.Good(configuration, findings);
    }

    private List<Finding> lasting(Configuration configuration) {
        try {
            // The same text can come from other files, and then its places are others.
            var key = configuration.hash() + configuration.files() + syntax.judge();
            synchronized (remembered) {
                var known = remembered.get(key);
                if (known != null) {
                    return known;
                }
            }
            var findings = new ArrayList<>(configuration.findings());
            findings.addAll(Lint.check(configuration, facts));
            findings.addAll(syntax.check(configuration));
            synchronized (remembered) {
                remembered.put(key, List.copyOf(findings));
            }
            return findings;
        } catch (IOException e) {
            // Not remembered: the next attempt may succeed.
            return List.of(
                    Finding.error(
                            "dhcpd-not-asked",
                            Place.of(configuration.main()),
                            "dhcpd could not be asked for its opinion: " + e.getMessage(),
                            "is isc-dhcp-server installed, and is there space below /run?"));
        }
    }
}
