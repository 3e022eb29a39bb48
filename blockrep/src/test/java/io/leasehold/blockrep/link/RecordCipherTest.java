package io.leasehold.blockrep.link;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RecordCipherTest {
    @Test
    void shouldFindWhatItEncrypted() throws Exception {
        assertThat(RecordCipher.rehearse()).hasSize(1024).containsOnly(0);
    }
}
