package io.leasehold.ops.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.leasehold.heartbeat.record.NodeName;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ControlSocketTest {
    private static final ControlHandler SILENT = (_, _, _) -> new Reply.Done("");

    // Not JUnit's own directory for all tests: a socket's path has 108 bytes at most.
    @TempDir private Path directory;

    private Path socket() {
        return directory.resolve("control.sock");
    }

    private ControlServer serve(ControlHandler handler) throws IOException {
        return ControlServer.start(socket(), Set.of(), handler);
    }

    private Reply.Answer ask(Request request) throws IOException {
        return new ControlClient(socket()).call(request, _ -> {});
    }

    static List<Request> requests() {
        var dhcp2 = new NodeName("dhcp2");
        return List.of(
                new Request.Status(),
                new Request.Ready(),
                new Request.Why(),
                new Request.Explain(),
                new Request.Events(20, true),
                new Request.Takeover(Optional.of(dhcp2)),
                new Request.Takeover(Optional.empty()),
                new Request.Standby(
                        Optional.of(dhcp2), Optional.of(Duration.ofMinutes(90)), "new \"fans\""),
                new Request.Online(Optional.empty()),
                new Request.Cleanup(Optional.of("dhcp")),
                new Request.Maintenance(true),
                new Request.Fence(dhcp2),
                new Request.ConfirmFenced(dhcp2),
                new Request.ForcePromotion(Optional.of("K7MWQ2")),
                new Request.Links(),
                new Request.Fleet(),
                new Request.VolumeStatus(),
                new Request.VolumeVerify(OptionalLong.empty()),
                new Request.VolumeVerify(OptionalLong.of(10L << 20)),
                new Request.VolumeResync(),
                new Request.Branches(),
                new Request.Branch(SampleViews.BRANCH),
                new Request.BranchLeases(SampleViews.BRANCH),
                new Request.DhcpReload(),
                new Request.ConfigShow(),
                new Request.Restart(),
                new Request.Version());
    }

    @Test
    void shouldListEveryRequestInThisTest() {
        assertThat(requests().stream().map(Object::getClass).distinct())
                .containsExactlyInAnyOrder(Request.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("requests")
    void shouldHandOverTheRequestAsItWasMade(Request request) throws IOException {
        var received = new AtomicReference<Request>();
        try (var _ =
                serve((got, _, _) -> {
                    received.set(got);
                    return new Reply.Done("done");
                })) {
            assertThat(ask(request)).isEqualTo(new Reply.Done("done"));
        }
        assertThat(received.get()).isEqualTo(request);
    }

    @Test
    void shouldSayWhatHappensBeforeTheAnswer() throws IOException {
        var event = SampleViews.event(3, "dhcp1 is off");
        try (var _ =
                serve((_, _, replies) -> {
                    replies.progress("draining");
                    replies.event(event);
                    return new Reply.Refused(
                            "dhcp2 is outdated",
                            "R6",
                            List.of(new CheckView("in sync", false, "no", "R6")));
                })) {
            var meanwhile = new ArrayList<Reply>();
            var answer = new ControlClient(socket()).call(new Request.Status(), meanwhile::add);

            assertThat(meanwhile)
                    .containsExactly(new Reply.Progress("draining"), new Reply.Event(event));
            assertThat(answer)
                    .isEqualTo(
                            new Reply.Refused(
                                    "dhcp2 is outdated",
                                    "R6",
                                    List.of(new CheckView("in sync", false, "no", "R6"))));
        }
    }

    /** ADR 0050: {@code clusterctl restart} of a new build is what an old daemon refuses. */
    @Test
    void shouldUnderstandARefusalOfTheBuildBeforeWhichNamedNoRule() throws IOException {
        var refused = new Reply.Refused("this node serves", "", List.of());
        try (var _ = serve((_, _, _) -> refused)) {
            assertThat(ask(new Request.Status())).isEqualTo(refused);
        }
    }

    @Test
    void shouldNameTheCallerAsTheKernelDoes() throws IOException {
        var caller = new AtomicReference<Caller>();
        try (var _ =
                serve((_, from, _) -> {
                    caller.set(from);
                    return new Reply.Done("");
                })) {
            ask(new Request.Status());
        }
        assertThat(caller.get().user()).isEqualTo(System.getProperty("user.name"));
    }

    @Test
    void shouldAnswerAFailureWhenTheHandlerThrows() throws IOException {
        try (var _ =
                serve((_, _, _) -> {
                    throw new IllegalStateException("broken invariant");
                })) {
            assertThat(ask(new Request.Status()))
                    .isEqualTo(
                            new Reply.Failed(
                                    "the daemon failed on this request:"
                                            + " java.lang.IllegalStateException: broken invariant"));
        }
    }

    @Test
    void shouldWaitForADaemonThatIsAtWork() throws IOException {
        var finish = new CountDownLatch(1);
        try (var _ =
                serve((_, _, _) -> {
                    awaitQuietly(finish);
                    return new Reply.Done("at last");
                })) {
            // Longer than the silence that is allowed, because the daemon says that it works.
            var client =
                    new ControlClient(socket(), ControlProtocol.WORKING_INTERVAL.plusMillis(1_500));
            Thread.ofVirtual().start(() -> countDownAfter(finish, Duration.ofMillis(4_200)));

            assertThat(client.call(new Request.VolumeVerify(OptionalLong.empty()), _ -> {}))
                    .isEqualTo(new Reply.Done("at last"));
        } finally {
            finish.countDown();
        }
    }

    @Test
    void shouldNoticeThatACallerLeft() throws IOException {
        var left = new AtomicBoolean();
        var asked = new CountDownLatch(1);
        try (var _ =
                serve((_, _, replies) -> {
                    asked.countDown();
                    await().atMost(Duration.ofSeconds(10)).until(() -> !replies.isListening());
                    left.set(true);
                    return new Reply.Done("");
                })) {
            try (var caller = connect()) {
                send(caller, "{\"version\":1,\"kind\":\"events\",\"last\":0,\"follow\":true}\n");
                awaitQuietly(asked);
            }
            await().atMost(Duration.ofSeconds(10)).untilTrue(left);
        }
    }

    @Nested
    class WhenSomebodyElseTalks {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "{\"version\":1,\"kind\":\"no-such-thing\"}",
                    "{\"version\":1,\"kind\":\"events\",\"last\":-1,\"follow\":false}",
                    "{\"version\":1,\"kind\":\"events\",\"last\":99999999999,\"follow\":false}",
                    "{\"version\":1,\"kind\":\"events\"}",
                    "{\"version\":1,\"kind\":\"fence\",\"node\":\"../etc\"}",
                    "{\"version\":1,\"kind\":\"fence\",\"node\":7}",
                    "{\"version\":2,\"kind\":\"status\"}",
                    "{\"kind\":\"status\"}",
                    "[]",
                    "null",
                    "{\"version\":1,\"kind\":\"status\"} trailing",
                    "GET / HTTP/1.1",
                })
        void shouldAnswerWhatItCannotUnderstand(String line) throws IOException {
            try (var _ = serve(SILENT);
                    var caller = connect()) {
                send(caller, line + "\n");

                assertThat(readAll(caller))
                        .contains("\"kind\":\"failed\"")
                        .contains("the request was not understood");
            }
        }

        @Test
        void shouldSkipWhatANewerCallerAdds() throws IOException {
            try (var _ = serve(SILENT);
                    var caller = connect()) {
                send(caller, "{\"version\":1,\"kind\":\"status\",\"colour\":{\"a\":[1,2]}}\n");

                assertThat(readAll(caller)).contains("\"kind\":\"done\"");
            }
        }

        @Test
        void shouldNotReadALineWithoutEnd() throws IOException {
            try (var _ = serve(SILENT);
                    var caller = connect()) {
                send(caller, "x".repeat(ControlProtocol.REQUEST_BYTES_MAX + 10_000));

                assertThat(readAll(caller)).isEmpty();
            }
        }

        @Test
        void shouldNotWaitForARequestForEver() throws IOException {
            try (var _ = serve(SILENT);
                    var caller = connect()) {
                var beganNanos = System.nanoTime();
                assertThat(readAll(caller)).isEmpty();

                assertThat(Duration.ofNanos(System.nanoTime() - beganNanos))
                        .isBetween(
                                ControlServer.REQUEST_LIMIT.minusSeconds(1),
                                ControlServer.REQUEST_LIMIT.plusSeconds(5));
            }
        }

        @Test
        void shouldRefuseAUserOfNoGroup() throws IOException {
            var access =
                    new Access(
                            Set.of("nobody-has-this-group"), "nobody", directory.resolve("group"));
            Files.writeString(access.groupFile(), "netadmin:x:900:alice\n");
            assertThat(access.permits(new Caller("mallory", "users"))).isFalse();
            assertThat(access.permits(new Caller("root", "root"))).isTrue();
        }

        @Test
        void shouldPermitMembersOfAGroup() throws IOException {
            var access = new Access(Set.of("netadmin"), "nobody", directory.resolve("group"));
            Files.writeString(access.groupFile(), "other:x:1:bob\nnetadmin:x:900:alice,carol\n");

            assertThat(access.permits(new Caller("carol", "users"))).isTrue();
            assertThat(access.permits(new Caller("dave", "netadmin"))).isTrue();
            assertThat(access.permits(new Caller("bob", "users"))).isFalse();
        }
    }

    @Nested
    class WhenTheSocketIsOpened {
        @Test
        void shouldBeForTheOwnerOnlyWithoutGroups() throws IOException {
            try (var _ = serve(SILENT)) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
                        .isEqualTo("rw-------");
            }
        }

        @Test
        void shouldLetGroupMembersConnect() throws IOException {
            try (var _ = ControlServer.start(socket(), Set.of("netadmin"), SILENT)) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
                        .isEqualTo("rw-rw-rw-");
            }
        }

        @Test
        void shouldReplaceWhatADeadDaemonLeft() throws IOException {
            // Closing a Java server socket leaves its file, as kill -9 does.
            try (var dead =
                    java.nio.channels.ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                dead.bind(UnixDomainSocketAddress.of(socket()));
            }
            assertThat(socket()).exists();

            try (var _ = serve(SILENT)) {
                assertThat(ask(new Request.Status())).isEqualTo(new Reply.Done(""));
            }
            assertThat(socket()).doesNotExist();
        }

        @Test
        void shouldNotPushAnotherDaemonAside() throws IOException {
            try (var _ = serve(SILENT)) {
                assertThatThrownBy(() -> serve(SILENT)).isInstanceOf(BindException.class);
                assertThat(ask(new Request.Status())).isEqualTo(new Reply.Done(""));
            }
        }
    }

    @Nested
    class WhenNobodyAnswers {
        @Test
        void shouldSayThatNoDaemonRuns() {
            assertThatThrownBy(() -> ask(new Request.Status()))
                    .isInstanceOf(DaemonUnreachableException.class)
                    .hasMessage("no daemon runs here: there is no " + socket());
        }

        @Test
        void shouldSayWhyTheDaemonCouldNotStart() throws IOException {
            new StartFailure(socket())
                    .leave(Instant.parse("2026-11-23T21:00:00.5Z"), "the disk is full");

            assertThatThrownBy(() -> ask(new Request.Status()))
                    .isInstanceOf(DaemonUnreachableException.class)
                    .hasMessage(
                            "the daemon could not start, at 2026-11-23T21:00:00Z: the disk is full");
        }

        @Test
        void shouldForgetThatOnceADaemonHasStarted() throws IOException {
            new StartFailure(socket()).leave(Instant.EPOCH, "the disk is full");

            serve(SILENT).close();

            assertThat(new StartFailure(socket()).read()).isEmpty();
        }

        @Test
        void shouldSayThatTheDaemonHangs() throws IOException {
            try (var paused =
                    java.nio.channels.ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                paused.bind(UnixDomainSocketAddress.of(socket()));
                var client = new ControlClient(socket(), Duration.ofMillis(300));

                assertThatThrownBy(() -> client.call(new Request.Status(), _ -> {}))
                        .isInstanceOf(DaemonUnreachableException.class)
                        .hasMessageContaining("hangs or is paused");
            }
        }

        @Test
        void shouldSayThatTheDaemonEnded() throws IOException {
            var asked = new CountDownLatch(1);
            var server =
                    serve((_, _, replies) -> {
                        asked.countDown();
                        await().until(() -> !replies.isListening());
                        return new Reply.Done("");
                    });
            Thread.ofVirtual()
                    .start(() -> {
                        awaitQuietly(asked);
                        closeQuietly(server);
                    });

            assertThatThrownBy(() -> ask(new Request.Takeover(Optional.empty())))
                    .isInstanceOf(DaemonUnreachableException.class);
        }
    }

    private SocketChannel connect() throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket()));
        return channel;
    }

    private static void send(SocketChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Until the server closes; a reset after unread input is an end, too. */
    private static String readAll(SocketChannel channel) {
        var text = new StringBuilder();
        var buffer = ByteBuffer.allocate(4_096);
        try {
            while (channel.read(buffer) >= 0) {
                text.append(StandardCharsets.UTF_8.decode(buffer.flip()));
                buffer.clear();
            }
        } catch (IOException e) {
            return text.toString();
        }
        return text.toString();
    }

    private static void countDownAfter(CountDownLatch latch, Duration delay) {
        await().pollDelay(delay).atMost(delay.multipliedBy(3)).until(() -> true);
        latch.countDown();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeQuietly(ControlServer server) {
        try {
            server.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
