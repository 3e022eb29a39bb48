package io.leasehold.ops.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UncaughtErrorsTest {
    private final List<Throwable> fatal = new CopyOnWriteArrayList<>();

    private void fail(String thread, RuntimeException error) throws InterruptedException {
        var failing =
                Thread.ofPlatform()
                        .name(thread)
                        .uncaughtExceptionHandler(new UncaughtErrors(fatal::add))
                        .start(() -> {
                            throw error;
                        });
        failing.join();
    }

    @ParameterizedTest
    @ValueSource(strings = {"volume-link-reader", "fuse-leasehold-0", "fuse-leasehold-flush"})
    void shouldStopTheProcessWhenAThreadOfTheVolumeFails(String thread) throws Exception {
        var forbidden = new IllegalStateException("R1: a primary is nobody's target");
        fail(thread, forbidden);
        assertThat(fatal).containsExactly(forbidden);
    }

    @Test
    void shouldGoOnWhenARequestFails() throws Exception {
        fail("control-request", new IllegalStateException("one request"));
        assertThat(fatal).isEmpty();
    }
}
