package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.ops.config.Configuration.Member;
import java.net.Inet4Address;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QuorumWatchTest {
    private final Set<String> alive = new HashSet<>(Set.of("dhcp1", "dhcp2", "witness"));
    private final QuorumWatch onTheSecond =
            new QuorumWatch(
                    "dhcp1",
                    List.of(member("dhcp1", 1), member("dhcp2", 2), member("witness", 3)),
                    member -> alive.contains(member.name()));

    private static Member member(String name, int id) {
        return new Member(
                name,
                id,
                Inet4Address.ofLiteral("192.0.2." + id),
                2_281,
                2_888,
                3_888,
                Optional.empty());
    }

    @Test
    void shouldBeContentAsLongAsTheWitnessAndItsOwnMemberTakePart() {
        alive.remove("dhcp1");

        onTheSecond.look();

        assertThat(onTheSecond.complaint()).isEmpty();
    }

    /** Both boxes are a quorum, so nothing else shows it. */
    @Test
    void shouldNameTheWitnessThatWouldBeMissingIfThePeerDied() {
        alive.remove("witness");

        onTheSecond.look();

        assertThat(onTheSecond.complaint())
                .contains(
                        "without the box of dhcp1 the ensemble has no quorum, so nobody could take"
                                + " over: member witness (192.0.2.3:2281) takes no part");
    }

    @Test
    void shouldForgetItWhenTheWitnessIsBack() {
        alive.remove("witness");
        onTheSecond.look();
        alive.add("witness");

        onTheSecond.look();

        assertThat(onTheSecond.complaint()).isEmpty();
    }

    @Test
    void shouldComplainAndLookAgainAfterAnErrorOfItsOwn() {
        var broken = new HashSet<>(Set.of("witness"));
        var watch =
                new QuorumWatch(
                        "dhcp1",
                        List.of(member("dhcp1", 1), member("dhcp2", 2), member("witness", 3)),
                        member -> {
                            if (broken.contains(member.name())) {
                                throw new IllegalStateException("a reply that is no reply");
                            }
                            return true;
                        });

        watch.look();

        assertThat(watch.complaint().orElseThrow()).contains("a reply that is no reply");

        broken.clear();
        watch.look();

        assertThat(watch.complaint()).isEmpty();
    }
}
