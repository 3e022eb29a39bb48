package io.leasehold.dhcp.lease;

import io.leasehold.dhcp.Ipv4Address;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Compares a lease file that was set aside with the one in force, address by address: the last
 * record of each.
 *
 * <p>In the memory that 10 000 leases need, and besides that of the addresses alone, however many
 * there are: each part of the addresses reads both files anew. The live file may be growing, or be
 * replaced, meanwhile; an address that comes after the first reading is left out.
 */
public final class LeaseComparison {
    private static final int ADDRESSES_AT_ONCE = 10_000;

    private final Path aside;
    private final Path live;
    private final Instant now;
    private final int addressesAtOnce;

    /**
     * What a comparison found.
     *
     * @param aside addresses with a record in the file that was set aside
     * @param live addresses with a record in the live file
     * @param different addresses of which they say different things
     * @param atRisk of those, the ones that a client may be using unknown to the live file
     */
    public record Counts(int aside, int live, int different, int atRisk) {}

    /**
     * @param aside a file that is not there counts as one without leases
     * @param live the same
     * @param now decides which leases are over
     */
    public LeaseComparison(Path aside, Path live, Instant now) {
        this(aside, live, now, ADDRESSES_AT_ONCE);
    }

    LeaseComparison(Path aside, Path live, Instant now, int addressesAtOnce) {
        this.aside = aside;
        this.live = live;
        this.now = now;
        this.addressesAtOnce = addressesAtOnce;
    }

    /**
     * Reads both files.
     *
     * @param each is given every difference, in the order of the addresses
     */
    public Counts run(Consumer<LeaseDifference> each) throws IOException {
        var asideAddresses = addresses(aside);
        var liveAddresses = addresses(live);
        var all = new TreeSet<>(asideAddresses);
        all.addAll(liveAddresses);
        var counting =
                new Consumer<LeaseDifference>() {
                    private int different;
                    private int atRisk;

                    @Override
                    public void accept(LeaseDifference difference) {
                        different++;
                        atRisk += difference.isAtRisk() ? 1 : 0;
                        each.accept(difference);
                    }
                };
        while (!all.isEmpty()) {
            var part = new TreeSet<Ipv4Address>();
            while (part.size() < addressesAtOnce && !all.isEmpty()) {
                part.add(all.removeFirst());
            }
            compare(part, counting);
        }
        return new Counts(
                asideAddresses.size(), liveAddresses.size(), counting.different, counting.atRisk);
    }

    private void compare(Collection<Ipv4Address> part, Consumer<LeaseDifference> each)
            throws IOException {
        var wasAside = table(aside, part);
        var isLive = table(live, part);
        for (var address : part) {
            LeaseDifference.between(
                            address, wasAside.byAddress(address), isLive.byAddress(address), now)
                    .ifPresent(each);
        }
    }

    private static Set<Ipv4Address> addresses(Path file) throws IOException {
        var addresses = new TreeSet<Ipv4Address>();
        read(file, (lease, _, _) -> addresses.add(lease.address()));
        return addresses;
    }

    private static LeaseTable table(Path file, Collection<Ipv4Address> part) throws IOException {
        var builder = new LeaseTable.Builder();
        read(
                file,
                (lease, from, to) -> {
                    if (part.contains(lease.address())) {
                        builder.lease(lease, from, to);
                    }
                });
        return builder.build();
    }

    private static void read(Path file, LeaseFileHandler handler) throws IOException {
        try (var in = new BufferedInputStream(Files.newInputStream(file))) {
            LeaseFileParser.parse(in, file, handler);
        } catch (NoSuchFileException _) {
            // There are no leases in it.
        }
    }
}
