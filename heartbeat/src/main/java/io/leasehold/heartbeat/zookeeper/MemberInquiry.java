package io.leasehold.heartbeat.zookeeper;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.apache.zookeeper.client.FourLetterWordMain;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ClientX509Util;
import org.apache.zookeeper.common.X509Exception;

/**
 * Asks single members of an ensemble of ours whether they take part in a quorum. A client hears of
 * the ensemble as a whole: while two of three members are there, nothing tells it which.
 */
public final class MemberInquiry {
    /** ZooKeeper's word for it; the only one that {@link Member} answers. */
    private static final String QUESTION = "srvr";

    /** What a member says that leads or follows; one without a quorum says neither. */
    private static final String MODE = "Mode: ";

    private final Optional<SSLContext> tls;
    private final Duration limit;

    private MemberInquiry(Optional<SSLContext> tls, Duration limit) {
        this.tls = tls;
        this.limit = limit;
    }

    /**
     * Inquiries with this node's certificate, if the ensemble speaks TLS.
     *
     * @param limit for a member to answer
     * @throws IOException key or certificates cannot be read
     */
    public static MemberInquiry of(EnsembleAccess access, Duration limit) throws IOException {
        if (access.tls().isEmpty()) {
            return new MemberInquiry(Optional.empty(), limit);
        }
        var configuration = new ZKClientConfig();
        TlsProperties.of("zookeeper.ssl.", access.tls().get()).forEach(configuration::setProperty);
        try (var util = new ClientX509Util()) {
            return new MemberInquiry(Optional.of(util.createSSLContext(configuration)), limit);
        } catch (X509Exception e) {
            throw new IOException("no TLS with the ensemble: " + e.getMessage(), e);
        }
    }

    /** Waits for an answer; none, and any other one, is a no. Blocks for the limit at most. */
    public boolean takesPart(String host, int port) {
        try {
            return FourLetterWordMain.send4LetterWord(
                            host,
                            port,
                            QUESTION,
                            tls.isPresent(),
                            Math.toIntExact(limit.toMillis()),
                            tls.orElse(null))
                    .contains(MODE);
        } catch (IOException | X509Exception.SSLContextException _) {
            return false;
        }
    }
}
