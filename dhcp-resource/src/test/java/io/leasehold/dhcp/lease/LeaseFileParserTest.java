package io.leasehold.dhcp.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.leasehold.dhcp.Finding;
import io.leasehold.dhcp.Ipv4Address;
import io.leasehold.dhcp.Octets;
import io.leasehold.dhcp.lease.LeaseFileReading.End;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseFileParserTest {

    private static final Path FILE = Path.of("dhcpd.leases");
    private static final Instant STARTS = Instant.parse("2026-11-22T10:00:00Z");
    private static final Instant ENDS = Instant.parse("2026-11-22T11:00:00Z");
    private static final Instant NOW = Instant.parse("2026-11-22T10:30:00Z");

    private final LeaseTable.Builder table = new LeaseTable.Builder();

    private LeaseFileReading read(String text) {
        return read(LeaseFiles.bytes(text));
    }

    private LeaseFileReading read(byte[] bytes) {
        return read(bytes, table);
    }

    private static LeaseFileReading read(byte[] bytes, LeaseFileHandler handler) {
        try {
            return LeaseFileParser.parse(new ByteArrayInputStream(bytes), FILE, handler);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Lease lease(String address) {
        return table.build().byAddress(Ipv4Address.of(address)).orElseThrow();
    }

    private static String lease(String address, String statements) {
        return "lease " + address + " {\n" + statements + "}\n";
    }

    @Nested
    class AWholeFile {

        @Test
        void shouldSayWhoHoldsWhat() {
            var reading = read(LeaseFiles.of(2, STARTS, ENDS));

            assertThat(reading.end()).isEqualTo(new End.Whole());
            assertThat(reading.findings()).isEmpty();
            assertThat(reading.declarations()).isEqualTo(4);
            var lease = lease("198.18.0.11");
            assertThat(lease.state()).isEqualTo(BindingState.ACTIVE);
            assertThat(lease.nextState()).isEqualTo(BindingState.FREE);
            assertThat(lease.starts()).isEqualTo(new LeaseTime(STARTS.getEpochSecond()));
            assertThat(lease.ends()).isEqualTo(new LeaseTime(ENDS.getEpochSecond()));
            assertThat(lease.hardware().address().toHex()).isEqualTo("02:00:5e:00:00:01");
            assertThat(lease.uid()).isEqualTo(Octets.ofAscii("\1\2\0^\1\"}b"));
            assertThat(lease.hostname()).isEqualTo(Octets.ofAscii("client-1"));
            assertThat(lease.isActiveAt(NOW)).isTrue();
            assertThat(lease.isActiveAt(ENDS)).isFalse();
        }

        @Test
        void shouldLetTheLastRecordOfAnAddressWin() {
            read(
                    LeaseFiles.active("192.0.2.1", STARTS, ENDS, 1)
                            + LeaseFiles.active("192.0.2.2", STARTS, ENDS, 2)
                            + lease("192.0.2.1", "  binding state free;\n"));

            assertThat(lease("192.0.2.1").state()).isEqualTo(BindingState.FREE);
            assertThat(lease("192.0.2.1").hardware()).isEqualTo(Hardware.NONE);
            assertThat(table.build().size()).isEqualTo(2);
        }

        @Test
        void shouldFindClientsByIdentifierAndHardware() {
            read(LeaseFiles.of(3, STARTS, ENDS));
            var built = table.build();
            var second = lease("198.18.0.11");

            assertThat(built.byUid(second.uid())).containsExactly(second);
            assertThat(built.byHardware(second.hardware())).containsExactly(second);
            assertThat(built.byUid(Octets.EMPTY)).isEmpty();
        }

        @ParameterizedTest
        @CsvSource(
                delimiter = '|',
                value = {
                    "never | never",
                    "epoch 1795341600; # Sun Nov 22 10:00:00 2026 | 2026-11-22T10:00:00Z",
                    "0 2026/11/22 10:00:00 | 2026-11-22T10:00:00Z",
                    "5 2026/11/22 10:00:00 | 2026-11-22T10:00:00Z",
                    "4 2024/02/29 23:59:60 | 2024-03-01T00:00:00Z",
                    "4 2000/03/01 00:00:00 | 2000-03-01T00:00:00Z",
                    "2 2038/01/19 03:14:07 | never",
                    "5 9999/12/31 23:59:59 | never",
                    "3 1969/12/31 23:59:59 | none",
                })
        void shouldReadEveryFormOfADate(String date, String expected) {
            var statement = date.contains(";") ? date : date + ";";
            var reading = read(lease("192.0.2.1", "  ends " + statement + "\n"));

            assertThat(reading.findings()).isEmpty();
            assertThat(lease("192.0.2.1").ends()).hasToString(expected);
        }

        @Test
        void shouldTakeAClientIdentifierInBothForms() {
            read(
                    lease("192.0.2.1", "  uid 01:2:0a:ff;\n")
                            + lease("192.0.2.2", "  uid \"\\001\\002\\n\\377\";\n"));

            assertThat(lease("192.0.2.1").uid()).isEqualTo(lease("192.0.2.2").uid());
        }

        @Test
        void shouldKeepRelayInformation() {
            read(
                    lease(
                            "192.0.2.1",
                            """
                              option agent.circuit-id "port \\007";
                              supersede agent.remote-id = 0:1:2;
                            """));

            assertThat(lease("192.0.2.1").circuitId()).isEqualTo(Octets.ofAscii("port \7"));
            assertThat(lease("192.0.2.1").remoteId()).isEqualTo(Octets.ofAscii("\0\1\2"));
        }

        @Test
        void shouldSkipNestedStatementsAndForeignDeclarations() {
            var reading =
                    read(
                            """
                            host printer { dynamic; hardware ethernet 02:00:5e:00:53:01; }
                            group { }
                            failover peer "old" state {
                              my state normal at 4 2026/11/22 10:00:00;
                              partner state normal at 4 2026/11/22 10:00:00;
                            }
                            subclass "a" 1:2:3;
                            lease 192.0.2.1 {
                              starts 4 2026/11/22 10:00:00;
                              tstp never;
                              reserved;
                              billing class "gold";
                              hardware ethernet 02:00:5e:00:53:02;
                              set ddns-fwd-name = "a.example";
                              set counter = %123;
                              on expiry or release {
                                if (known) { set gone = "}"; } else { execute("x", "{"); }
                              }
                              client-hostname "";
                            }
                            ia-na "\\001\\000" { cltt 4 2026/11/22 10:00:00; iaaddr 2001:db8::1 { } }
                            """);

            assertThat(reading.findings()).isEmpty();
            assertThat(reading.end()).isEqualTo(new End.Whole());
            assertThat(reading.declarations()).isEqualTo(6);
            assertThat(lease("192.0.2.1").hardware().address().toHex())
                    .isEqualTo("02:00:5e:00:53:02");
        }

        @Test
        void shouldReadOldAndForeignForms() {
            var reading =
                    read(
                            "\r\nLEASE 192.0.2.1 {\r\n\tSTARTS 4 2026/11/22 10:00:00;\r\n"
                                    + "\tabandoned;\r\n\thardware ethernet;\r\n}\r\n"
                                    + lease("192.0.2.2", "  binding state bootp;\n  ends never;\n")
                                    + lease("192.0.2.3", "  binding state backup;\n"));

            assertThat(reading.findings()).isEmpty();
            assertThat(lease("192.0.2.1").state()).isEqualTo(BindingState.ABANDONED);
            assertThat(lease("192.0.2.1").hardware().address()).isEqualTo(Octets.EMPTY);
            assertThat(lease("192.0.2.2").isActiveAt(NOW)).isTrue();
            assertThat(lease("192.0.2.3").state()).isEqualTo(BindingState.BACKUP);
        }

        @Test
        void shouldTakeARecordWithoutStateAsActiveUntilItsEnd() {
            read(lease("192.0.2.1", "  ends 0 2026/11/22 11:00:00;\n"));

            assertThat(lease("192.0.2.1").isActiveAt(NOW)).isTrue();
            assertThat(lease("192.0.2.1").isActiveAt(ENDS)).isFalse();
        }

        @Test
        void shouldNoteAnUnknownStatementAndKeepTheRecord() {
            var reading =
                    read(lease("192.0.2.1", "  shiny new \"thing\";\n  binding state free;\n"));

            assertThat(reading.damaged()).isZero();
            assertThat(reading.findings())
                    .singleElement()
                    .extracting(Finding::text)
                    .asString()
                    .startsWith("dhcpd.leases:2:3: note:")
                    .contains("shiny");
            assertThat(lease("192.0.2.1").state()).isEqualTo(BindingState.FREE);
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "\n\n", "# nothing\n", "# a comment without an end"})
        void shouldSayNothingIfNothingIsDeclared(String text) {
            var reading = read(text);

            assertThat(reading.declarations()).isZero();
            assertThat(reading.end()).isEqualTo(new End.Whole());
        }
    }

    @Nested
    class ATornFile {

        /**
         * The property that a promotion rests on: whatever was complete stays, nothing else counts.
         */
        @Test
        void shouldBeCutAtTheEndOfTheLastCompleteRecordWhereverItIsTorn() {
            var file =
                    LeaseFiles.bytes(
                            LeaseFiles.HEADER
                                    + LeaseFiles.active("192.0.2.1", STARTS, ENDS, 1)
                                    + LeaseFiles.active("192.0.2.2", STARTS, ENDS, 2)
                                    + "failover peer \"x\" state { my state normal at never; }\n"
                                    + lease("192.0.2.9", "  on expiry { set a = \"}\"; }\n")
                                    + LeaseFiles.active("192.0.2.1", ENDS, NOW, 1));
            var ends = new ArrayList<Long>();
            var whole = read(file, (_, _, to) -> ends.add(to));
            assertThat(whole.end()).isEqualTo(new End.Whole());
            assertThat(ends).hasSize(4);

            for (int length = 0; length <= file.length; length++) {
                var torn = Arrays.copyOf(file, length);
                var kept = new ArrayList<Long>();
                var reading = read(torn, (_, _, to) -> kept.add(to));

                int cut = length;
                assertThat(kept)
                        .as("torn at %d", length)
                        .isEqualTo(ends.stream().filter(end -> end <= cut).toList());
                assertThat(reading.damaged()).as("torn at %d", length).isZero();
                if (reading.end() instanceof End.Torn(long from, _, _)) {
                    var trimmed = read(Arrays.copyOf(torn, (int) from), new LeaseTable.Builder());
                    assertThat(trimmed.end()).as("torn at %d", length).isEqualTo(new End.Whole());
                    assertThat(trimmed.declarations()).isEqualTo(reading.declarations());
                    assertThat(from).isGreaterThanOrEqualTo(reading.completeToOffset());
                }
            }
        }

        @Test
        void shouldNameTheAddressAndTheLine() {
            var reading =
                    read(
                            LeaseFiles.active("192.0.2.1", STARTS, ENDS, 1)
                                    + "lease 192.0.2.7 {\n  starts 4 2026/11");

            assertThat(reading.end())
                    .isInstanceOfSatisfying(
                            End.Torn.class,
                            torn -> {
                                assertThat(torn.what()).isEqualTo("lease 192.0.2.7");
                                assertThat(torn.line()).isEqualTo(13);
                            });
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"", "lease 192.0.2.7 {\n  sta", "lease 192.0.2.7 {\n  uid \"\\001\\00"})
        void shouldCountNulBytesAtTheEndAsTorn(String before) {
            var good = LeaseFiles.active("192.0.2.1", STARTS, ENDS, 1);
            var reading = read(good + before + "\0".repeat(5000));

            assertThat(reading.end())
                    .isInstanceOfSatisfying(
                            End.Torn.class,
                            torn -> assertThat(torn.fromOffset()).isEqualTo(good.length()));
            assertThat(reading.damaged()).isZero();
        }
    }

    @Nested
    class ADamagedFile {

        @Test
        void shouldTellARecordThatWasNeverFinishedFromATornTail() {
            var reading =
                    read(
                            LeaseFiles.active("192.0.2.1", STARTS, ENDS, 1)
                                    + "lease 192.0.2.2 {\n  starts 4 2026/11/22\n"
                                    + LeaseFiles.active("192.0.2.3", STARTS, ENDS, 3));

            assertThat(reading.end()).isEqualTo(new End.Whole());
            assertThat(reading.damaged()).isEqualTo(2);
            assertThat(reading.findings().getLast().text())
                    .startsWith("dhcpd.leases:13:1: error:")
                    .contains("line 15");
            assertThat(table.build().leases())
                    .extracting(Lease::address)
                    .containsExactly(Ipv4Address.of("192.0.2.1"), Ipv4Address.of("192.0.2.3"));
        }

        @Test
        void shouldNoticeTwoRecordsGluedTogether() {
            var reading =
                    read(
                            "lease 192.0.2.2 {\n  starts 4 20"
                                    + LeaseFiles.active("192.0.2.3", STARTS, ENDS, 3)
                                    + LeaseFiles.active("192.0.2.4", STARTS, ENDS, 4));

            assertThat(reading.damaged()).isPositive();
            assertThat(table.build().byAddress(Ipv4Address.of("192.0.2.4"))).isPresent();
            assertThat(table.build().byAddress(Ipv4Address.of("192.0.2.2"))).isEmpty();
        }

        @Test
        void shouldLoseOnlyOneRecordToAStringWithoutItsEnd() {
            var reading =
                    read(
                            lease("192.0.2.1", "  uid \"\\001\\002;\n  binding state active;\n")
                                    + LeaseFiles.active("192.0.2.3", STARTS, ENDS, 3));

            assertThat(reading.damaged()).isPositive();
            assertThat(reading.findings().getFirst().place().line()).isEqualTo(2);
            assertThat(table.build().size()).isEqualTo(1);
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "  ends 4 2026/13/01 10:00:00;\n",
                    "  ends 4 2026/00/01 10:00:00;\n",
                    "  ends 4 2026/11/22 25:00:00;\n",
                    "  ends yesterday;\n",
                    "  binding state confused;\n",
                    "  hardware ethernet 02:00:zz;\n",
                    "  hardware infiniband 0:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:10:11:12:13:14;\n",
                    "  uid;\n",
                    "  uid 01:02:;\n",
                    "  starts 4 2026/11/22 10:00:00\n",
                    "  { }\n",
                    "  \0\n",
                })
        void shouldDropARecordThatDhcpdWouldDropAndSayWhere(String statement) {
            var reading =
                    read(
                            lease("192.0.2.1", statement)
                                    + LeaseFiles.active("192.0.2.3", STARTS, ENDS, 3));

            assertThat(reading.damaged()).isPositive();
            assertThat(reading.findings())
                    .allSatisfy(f -> assertThat(f.place().line()).isPositive());
            assertThat(table.build().leases())
                    .extracting(Lease::address)
                    .containsExactly(Ipv4Address.of("192.0.2.3"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\u00ef\u00bb\u00bflease 192.0.2.1 { }\n",
                    "include \"other\";\n",
                    "lease not.an.address { }\n",
                    "lease 192.0.2.1.5 { }\n",
                    "lease 192.0.2.1 binding state free; }\n",
                    "}\n",
                    "\"string\";\n",
                    "\0\0\n",
                })
        void shouldGoOnBehindGarbage(String garbage) {
            var reading = read(garbage + LeaseFiles.active("192.0.2.3", STARTS, ENDS, 3));

            assertThat(reading.damaged()).isPositive();
            assertThat(table.build().byAddress(Ipv4Address.of("192.0.2.3"))).isPresent();
        }

        @Test
        void shouldNotRememberMoreFindingsThanItMay() {
            var reading = read("nonsense;\n".repeat(10_000));

            assertThat(reading.damaged()).isEqualTo(10_000);
            assertThat(reading.findings()).hasSize(LeaseFileParser.FINDINGS_MAX);
        }

        @Test
        void shouldSurviveRandomDamage() {
            var random = new SplittableRandom(20261122);
            var file = LeaseFiles.of(20, STARTS, ENDS);
            for (int round = 0; round < 3_000; round++) {
                var damaged = file.clone();
                for (int i = random.nextInt(1, 8); i > 0; i--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
                }
                var reading = read(damaged, new LeaseTable.Builder());
                assertThat(reading.completeToOffset()).isLessThanOrEqualTo(damaged.length);
            }
        }
    }

    @Nested
    class AHugeFile {

        @Test
        void shouldNotBeHeldInMemory() throws IOException {
            long tokenBytes = 100L << 20;
            var reading =
                    LeaseFileParser.parse(
                            new OneLongToken(tokenBytes), FILE, new LeaseTable.Builder());

            assertThat(reading.end()).isInstanceOf(End.Torn.class);
        }

        /** Budget of a crash with 100 000 leases: the own reader must not be what is waited for. */
        @Test
        void shouldBeReadFast() {
            var file = LeaseFiles.of(100_000, STARTS, ENDS);
            var best = Duration.ofDays(1);
            for (int i = 0; i < 6; i++) {
                long from = System.nanoTime();
                var builder = new LeaseTable.Builder();
                read(file, builder);
                var took = Duration.ofNanos(System.nanoTime() - from);
                assertThat(builder.build().size()).isEqualTo(100_000);
                best = took.compareTo(best) < 0 ? took : best;
            }
            System.out.println(
                    "100000 leases, " + file.length + " bytes, warm: " + best.toMillis() + " ms");
            assertThat(best).isLessThan(Duration.ofMillis(500));
        }
    }

    /** {@code lease aaaa…} without an end, made as it is read. */
    private static final class OneLongToken extends InputStream {
        private static final byte[] START = LeaseFiles.bytes("lease ");
        private final long length;
        private long at;

        OneLongToken(long length) {
            this.length = length;
        }

        @Override
        public int read() {
            return at == length ? -1 : at < START.length ? START[(int) at++] : next();
        }

        private int next() {
            at++;
            return 'a';
        }

        @Override
        public int read(byte[] bytes, int offset, int count) {
            if (at == length) {
                return -1;
            }
            int n = (int) Math.min(count, length - at);
            for (int i = 0; i < n; i++) {
                bytes[offset + i] = (byte) read();
            }
            return n;
        }
    }

    @Test
    void shouldTellTheHandlerWhereEachRecordStands() {
        var places = new ArrayList<List<Long>>();
        var text = "# x\n" + lease("192.0.2.1", "") + lease("192.0.2.2", "");
        read(LeaseFiles.bytes(text), (lease, from, to) -> places.add(List.of(from, to)));

        assertThat(places)
                .containsExactly(
                        List.of(4L, (long) text.indexOf("}") + 1),
                        List.of((long) text.lastIndexOf("lease"), (long) text.length() - 1));
    }
}
