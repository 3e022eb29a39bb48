package io.leasehold.heartbeat.zookeeper;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Properties;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig.ConfigException;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;

/**
 * A member of an ensemble: holds the records of a few pairs and votes; nothing else.
 *
 * <p>It is the only thing in its process, because ZooKeeper is configured by system properties and
 * ends its process when its disk fails.
 */
public final class Member {

    private Member() {}

    /**
     * Runs until the process is ended from outside.
     *
     * @throws IOException its directory cannot be used, or a port is taken
     */
    public static void run(MemberConfiguration configuration) throws IOException {
        Files.createDirectories(configuration.directory());
        Files.writeString(configuration.directory().resolve("myid"), configuration.self() + "\n");
        smallAndQuick();
        var properties = new QuorumPeerConfig();
        try {
            properties.parseProperties(properties(configuration));
            new QuorumPeerMain().runFromConfig(properties);
        } catch (ConfigException e) {
            throw new IOException("ZooKeeper refuses its configuration: " + e.getMessage(), e);
        } catch (org.apache.zookeeper.server.admin.AdminServer.AdminServerException e) {
            throw new IllegalStateException("the admin server is switched off", e);
        }
    }

    private static void smallAndQuick() {
        // No HTTP server, no JMX, no four-letter words but the one that says who leads.
        System.setProperty("zookeeper.admin.enableServer", "false");
        System.setProperty("zookeeper.jmx.log4j.disable", "true");
        System.setProperty("zookeeper.4lw.commands.whitelist", "srvr");
        System.setProperty(
                "zookeeper.serverCnxnFactory",
                "org.apache.zookeeper.server.NettyServerCnxnFactory");
        // A record has 200 bytes; ZooKeeper preallocates 64 MiB for each log otherwise.
        System.setProperty("zookeeper.preAllocSize", "256");
        System.setProperty("zookeeper.snapCount", "20000");
        System.setProperty("zookeeper.commitProcessor.numWorkerThreads", "1");
        System.setProperty("zookeeper.maxResponseCacheSize", "0");
        System.setProperty("io.netty.eventLoopThreads", "2");
        System.setProperty("io.netty.allocator.type", "unpooled");
        // 5 s by default: a member that has lost its power must not hold an election up.
        System.setProperty("zookeeper.cnxTimeout", "500");
        System.setProperty("zookeeper.fastleader.minNotificationInterval", "50");
        System.setProperty("zookeeper.fastleader.maxNotificationInterval", "1000");
    }

    private static Properties properties(MemberConfiguration configuration) {
        var properties = new Properties();
        properties.setProperty("dataDir", configuration.directory().toString());
        properties.setProperty("tickTime", String.valueOf(configuration.tickMillis()));
        // A member that starts may take its time; one that falls silent may not.
        properties.setProperty("initLimit", "100");
        properties.setProperty("syncLimit", String.valueOf(MemberConfiguration.TICKS_SILENT_MAX));
        properties.setProperty("minSessionTimeout", String.valueOf(2 * configuration.tickMillis()));
        properties.setProperty(
                "maxSessionTimeout", String.valueOf(200 * configuration.tickMillis()));
        properties.setProperty("autopurge.snapRetainCount", "3");
        properties.setProperty("autopurge.purgeInterval", "1");
        properties.setProperty("maxClientCnxns", "0");
        for (var peer : configuration.peers()) {
            properties.setProperty(
                    "server." + peer.id(),
                    peer.host() + ":" + peer.peerPort() + ":" + peer.electionPort());
            if (peer.id() == configuration.self()) {
                properties.setProperty(
                        configuration.tls().isPresent() ? "secureClientPort" : "clientPort",
                        String.valueOf(peer.clientPort()));
                properties.setProperty(
                        configuration.tls().isPresent()
                                ? "secureClientPortAddress"
                                : "clientPortAddress",
                        peer.host());
            }
        }
        configuration
                .tls()
                .ifPresent(tls -> {
                    properties.setProperty("sslQuorum", "true");
                    // Of clients' TLS only what is a system property is read everywhere.
                    TlsProperties.of("zookeeper.ssl.", tls).forEach(System::setProperty);
                    TlsProperties.of("zookeeper.ssl.quorum.", tls).forEach(System::setProperty);
                });
        return properties;
    }
}
