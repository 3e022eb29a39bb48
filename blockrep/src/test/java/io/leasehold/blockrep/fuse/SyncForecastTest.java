package io.leasehold.blockrep.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SyncForecastTest {
    private static final long LEASES = 7;
    private static final long OTHER = 8;
    private static final long SOMEWHERE = 300;

    private final SyncForecast forecast = new SyncForecast();

    @Test
    void shouldExpectNothingOfAFileThatWasNeverSynced() {
        assertThat(forecast.written(LEASES, SOMEWHERE)).isFalse();
        assertThat(forecast.written(LEASES, SOMEWHERE)).isFalse();
    }

    @Test
    void shouldExpectWhatFollowedTheWriteBefore() {
        forecast.written(LEASES, SOMEWHERE);
        forecast.synced(LEASES);

        assertThat(forecast.written(LEASES, SOMEWHERE)).isTrue();
    }

    @Test
    void shouldBeWrongOnlyOnceWhenTheSyncsStop() {
        forecast.written(LEASES, SOMEWHERE);
        forecast.synced(LEASES);
        forecast.written(LEASES, SOMEWHERE);

        assertThat(forecast.written(LEASES, SOMEWHERE)).isFalse();
    }

    @Test
    void shouldNotExpectTheSyncOfAnotherFile() {
        forecast.written(LEASES, SOMEWHERE);
        forecast.synced(LEASES);

        assertThat(forecast.written(OTHER, SOMEWHERE)).isFalse();
    }

    @Test
    void shouldNotCountASyncThatHasNothingToDoWithTheLastWrite() {
        forecast.written(LEASES, SOMEWHERE);
        forecast.synced(OTHER);

        assertThat(forecast.written(OTHER, SOMEWHERE)).isFalse();
    }

    @Test
    void shouldWaitForTheRestOfWhatTheKernelCutAtAPage() {
        forecast.written(LEASES, SOMEWHERE);
        forecast.synced(LEASES);

        assertThat(forecast.written(LEASES, 8_192)).isFalse();
        assertThat(forecast.written(LEASES, 8_300)).isTrue();
    }
}
