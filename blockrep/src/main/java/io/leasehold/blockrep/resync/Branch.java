package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.replication.NodeName;
import io.leasehold.blockrep.volume.Seq;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A copy that a resync replaced although it had something that the new one has not: kept beside the
 * live one, as plain files, until a person has read it or it is too old (R21, R25, R29).
 *
 * <p>What is known of it is its name, such as {@code 2026-11-23T035538Z-dhcp1-epoch7-seq4711}.
 *
 * @param keptAt when it was replaced, by this node's clock, in whole seconds
 * @param node whose copy it was; the one that keeps it
 * @param epoch the last one in its history
 * @param last its last operation
 */
public record Branch(Instant keptAt, NodeName node, long epoch, Seq last) {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HHmmssX").withZone(ZoneOffset.UTC);
    private static final Pattern NAME =
            Pattern.compile(
                    "(\\d{4}-\\d{2}-\\d{2}T\\d{6}Z)-([^/]{1,64})-epoch(\\d{1,18})-seq(\\d{1,18})");

    public Branch {
        keptAt = keptAt.truncatedTo(ChronoUnit.SECONDS);
    }

    /** Of its directory, and what a person types. Names in the order of time sort so. */
    public String name() {
        return "%s-%s-epoch%d-seq%d".formatted(TIME.format(keptAt), node, epoch, last.value());
    }

    /** Empty if that is not the name of a branch. */
    public static Optional<Branch> named(String name) {
        var matcher = NAME.matcher(name);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                            new Branch(
                                    TIME.parse(matcher.group(1), Instant::from),
                                    new NodeName(matcher.group(2)),
                                    Long.parseLong(matcher.group(3)),
                                    new Seq(Long.parseLong(matcher.group(4)))))
                    .filter(branch -> branch.name().equals(name));
        } catch (DateTimeException | IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
