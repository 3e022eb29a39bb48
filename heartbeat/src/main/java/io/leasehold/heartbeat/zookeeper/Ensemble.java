package io.leasehold.heartbeat.zookeeper;

import io.leasehold.heartbeat.layout.LayoutException;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleEvent;
import io.leasehold.heartbeat.record.arbiter.zookeeper.EnsembleRequest;
import io.leasehold.heartbeat.record.arbiter.zookeeper.RecordText;
import io.leasehold.heartbeat.record.arbiter.zookeeper.ZnodeVersion;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pair's place in an ensemble, as one node reaches it.
 *
 * <p>Curator keeps the connection: another member when one is silent, another session when one has
 * expired. The requests themselves go past its retries, because a conditional write that is tried
 * twice answers "version mismatch" to a change that was taken (R11).
 *
 * <p>Safe for use by several threads; no method waits for the ensemble. The listener is called on
 * threads of ZooKeeper's client and must not block for long.
 */
public final class Ensemble implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Ensemble.class);

    private static final String RECORD = "/record";
    private static final String NODES = "/nodes";

    /** A pair's name and a node's are far below; what a stranger put there is not read further. */
    private static final int STATUS_BYTES_MAX = 4_096;

    /**
     * ZooKeeper's client waits up to 1 s, at random, before it tries again. A new session does not
     * wait, and no right hangs on the old one: after this pause, doubled each time, one is begun.
     */
    private static final long RENEWAL_PAUSE_MILLIS_MIN = 100;

    private static final long RENEWAL_PAUSE_MILLIS_MAX = 2_000;

    private final CuratorFramework client;
    private final String root;
    private final String pair;
    private final List<ACL> owners;
    private final Consumer<EnsembleEvent> listener;
    private final ScheduledExecutorService sender =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("ensemble-sender").daemon().factory());
    private volatile boolean connected;

    // Of the sender's thread.
    private boolean renewing;
    private long renewalPauseMillis = RENEWAL_PAUSE_MILLIS_MIN;

    private Ensemble(
            CuratorFramework client,
            EnsembleAccess access,
            String pair,
            Consumer<EnsembleEvent> listener) {
        this.client = client;
        this.root = access.root();
        this.pair = access.root() + "/" + pair;
        this.owners = owners(access);
        this.listener = listener;
    }

    /**
     * Begins to connect, and goes on trying until {@link #close}; {@link EnsembleEvent.Connected}
     * says when requests can be sent.
     *
     * @param pair the cluster's name
     */
    public static Ensemble connect(
            EnsembleAccess access, String pair, Consumer<EnsembleEvent> listener) {
        int timeoutMillis = Math.toIntExact(access.sessionTimeout().toMillis());
        var builder =
                CuratorFrameworkFactory.builder()
                        .connectString(access.servers())
                        .sessionTimeoutMs(timeoutMillis)
                        .connectionTimeoutMs(timeoutMillis)
                        .retryPolicy(new RetryNTimes(0, 0))
                        .zkClientConfig(clientConfiguration(access));
        access.user()
                .ifPresent(user ->
                        builder.authorization("digest", user.getBytes(StandardCharsets.UTF_8)));
        var ensemble = new Ensemble(builder.build(), access, pair, listener);
        ensemble.client
                .getConnectionStateListenable()
                .addListener((_, state) -> ensemble.changed(state));
        ensemble.client.start();
        ensemble.submit(ensemble::renewLater);
        return ensemble;
    }

    /** Sends a request; the answer comes to the listener, and none comes twice. */
    public void ask(EnsembleRequest request) {
        submit(() -> {
            try {
                send(client.getZookeeperClient().getZooKeeper(), request);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                unknown(request, "interrupted");
            } catch (Exception e) {
                // Curator's signature; in truth it says that there is no connection.
                unknown(request, String.valueOf(e.getMessage()));
            }
        });
    }

    @Override
    public void close() {
        sender.shutdownNow();
        client.close();
    }

    private void submit(Runnable task) {
        try {
            sender.execute(task);
        } catch (RejectedExecutionException _) {
            log.debug("closed: nothing is asked any more");
        }
    }

    private void send(ZooKeeper zooKeeper, EnsembleRequest request) {
        var path = pair + RECORD;
        switch (request) {
            case EnsembleRequest.Look(long number) ->
                    zooKeeper.getData(
                            path,
                            false,
                            (rc, _, _, data, stat) -> {
                                switch (Code.get(rc)) {
                                    case OK -> found(number, data, stat.getVersion());
                                    case NONODE ->
                                            listener.accept(
                                                    new EnsembleEvent.Found(
                                                            number,
                                                            Optional.empty(),
                                                            ZnodeVersion.ABSENT));
                                    default -> failed(request, Code.get(rc));
                                }
                            },
                            null);
            case EnsembleRequest.Write(long number, var record, var expected)
                    when expected.isAbsent() ->
                    zooKeeper.create(
                            path,
                            RecordText.encode(record),
                            owners,
                            CreateMode.PERSISTENT,
                            (rc, _, _, _) -> {
                                switch (Code.get(rc)) {
                                    case OK -> written(number, 0);
                                    case NODEEXISTS ->
                                            listener.accept(
                                                    new EnsembleEvent.VersionMismatch(number));
                                    default -> failed(request, Code.get(rc));
                                }
                            },
                            null);
            case EnsembleRequest.Write(long number, var record, var expected) ->
                    zooKeeper.setData(
                            path,
                            RecordText.encode(record),
                            expected.value(),
                            (rc, _, _, stat) -> {
                                switch (Code.get(rc)) {
                                    case OK -> written(number, stat.getVersion());
                                    case BADVERSION, NONODE ->
                                            listener.accept(
                                                    new EnsembleEvent.VersionMismatch(number));
                                    default -> failed(request, Code.get(rc));
                                }
                            },
                            null);
        }
    }

    private void found(long number, byte[] data, int version) {
        try {
            listener.accept(
                    new EnsembleEvent.Found(
                            number,
                            Optional.of(RecordText.decode(data)),
                            new ZnodeVersion(version)));
        } catch (LayoutException e) {
            listener.accept(
                    new EnsembleEvent.Refused(
                            number,
                            "znode " + pair + RECORD + " holds no record: " + e.getMessage()));
        }
    }

    private void written(long number, int version) {
        listener.accept(new EnsembleEvent.Written(number, new ZnodeVersion(version)));
    }

    private void failed(EnsembleRequest request, Code code) {
        switch (code) {
            // Answers of a quorum: it was not done, and repeating it alone does not help.
            case NOAUTH, AUTHFAILED, INVALIDACL, NONODE, QUOTAEXCEEDED, BADARGUMENTS ->
                    listener.accept(
                            new EnsembleEvent.Refused(
                                    request.number(), code + " at znode " + pair + RECORD));
            default -> unknown(request, String.valueOf(code));
        }
    }

    private void unknown(EnsembleRequest request, String reason) {
        listener.accept(new EnsembleEvent.Unknown(request.number(), reason));
    }

    private void changed(ConnectionState state) {
        switch (state) {
            case CONNECTED, RECONNECTED -> {
                connected = true;
                submit(this::makeParents);
            }
            case SUSPENDED -> suspended("the connection is suspended");
            case LOST -> suspended("the session has expired");
            case READ_ONLY -> suspended("the member has no quorum");
        }
    }

    private void suspended(String reason) {
        connected = false;
        listener.accept(new EnsembleEvent.Suspended(reason));
        submit(this::renewLater);
    }

    private void renewLater() {
        if (!renewing) {
            renewing = true;
            var _ = sender.schedule(this::renew, renewalPauseMillis, TimeUnit.MILLISECONDS);
        }
    }

    private void renew() {
        renewing = false;
        if (connected) {
            return;
        }
        renewalPauseMillis = Math.min(2 * renewalPauseMillis, RENEWAL_PAUSE_MILLIS_MAX);
        try {
            client.getZookeeperClient().reset();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        } catch (Exception e) {
            // Curator's signature: a name that does not resolve, for one.
            log.warn("no new session with the ensemble: {}", e.getMessage());
        }
        renewLater();
    }

    /** One after the other in one pipeline; those that are there already are no error. */
    private void makeParents() {
        try {
            var zooKeeper = client.getZookeeperClient().getZooKeeper();
            var paths = new ArrayList<String>();
            for (int slash = pair.indexOf('/', 1);
                    slash >= 0;
                    slash = pair.indexOf('/', slash + 1)) {
                paths.add(pair.substring(0, slash));
            }
            // Pairs lie beside each other: below the root everybody may make one of their own.
            paths.forEach(path -> make(zooKeeper, path, ZooDefs.Ids.OPEN_ACL_UNSAFE));
            make(zooKeeper, pair, owners);
            make(zooKeeper, pair + NODES, owners);
            renewalPauseMillis = RENEWAL_PAUSE_MILLIS_MIN;
            listener.accept(new EnsembleEvent.Connected());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            // Curator's signature; its listener hears of the next connection.
            log.debug("the connection went again: {}", e.getMessage());
        }
    }

    private static void make(ZooKeeper zooKeeper, String path, List<ACL> owners) {
        zooKeeper.create(
                path,
                new byte[0],
                owners,
                CreateMode.PERSISTENT,
                (rc, failed, _, _) -> {
                    var code = Code.get(rc);
                    if (code != Code.OK && code != Code.NODEEXISTS) {
                        log.debug("znode {} was not made: {}", failed, code);
                    }
                },
                null);
    }

    private static List<ACL> owners(EnsembleAccess access) {
        if (!access.owners().isEmpty()) {
            return access.owners().stream()
                    .map(id -> new ACL(ZooDefs.Perms.ALL, new Id("x509", id)))
                    .toList();
        }
        return access.user().isPresent()
                ? List.copyOf(ZooDefs.Ids.CREATOR_ALL_ACL)
                : List.copyOf(ZooDefs.Ids.OPEN_ACL_UNSAFE);
    }

    private static ZKClientConfig clientConfiguration(EnsembleAccess access) {
        var configuration = new ZKClientConfig();
        // Nothing of the machine's other ZooKeeper clients concerns us, nor Kerberos.
        configuration.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
        access.tls()
                .ifPresent(tls -> {
                    configuration.setProperty(ZKClientConfig.SECURE_CLIENT, "true");
                    configuration.setProperty(
                            ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET,
                            "org.apache.zookeeper.ClientCnxnSocketNetty");
                    TlsProperties.of("zookeeper.ssl.", tls).forEach(configuration::setProperty);
                });
        return configuration;
    }

    /** What the nodes of all pairs below the root say of themselves. */
    public List<Published> published() throws EnsembleUnreachableException, InterruptedException {
        try {
            var zooKeeper = client.getZookeeperClient().getZooKeeper();
            var all = new ArrayList<Published>();
            for (var name : zooKeeper.getChildren(root, false).stream().sorted().toList()) {
                var nodes = root + "/" + name + NODES;
                for (var node : childrenOf(zooKeeper, nodes)) {
                    read(zooKeeper, nodes + "/" + node)
                            .ifPresent(text -> all.add(new Published(name, node, text)));
                }
            }
            return List.copyOf(all);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            throw new EnsembleUnreachableException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Pairs whose status this node may not read, or that are being removed, are left out. */
    private static List<String> childrenOf(ZooKeeper zooKeeper, String path)
            throws KeeperException, InterruptedException {
        try {
            return zooKeeper.getChildren(path, false).stream().sorted().toList();
        } catch (KeeperException.NoNodeException | KeeperException.NoAuthException _) {
            return List.of();
        }
    }

    private static Optional<String> read(ZooKeeper zooKeeper, String path)
            throws KeeperException, InterruptedException {
        try {
            var data = zooKeeper.getData(path, false, null);
            return data.length > STATUS_BYTES_MAX
                    ? Optional.empty()
                    : Optional.of(new String(data, StandardCharsets.UTF_8));
        } catch (KeeperException.NoNodeException | KeeperException.NoAuthException _) {
            return Optional.empty();
        }
    }

    /** What a node says of itself: opaque here. */
    public record Published(String pair, String node, String text) {}

    /**
     * Says {@code text} of {@code node}, for {@link #published}; grants nothing, and is tried once.
     */
    public void publish(String node, String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > STATUS_BYTES_MAX) {
            throw new IllegalArgumentException("a status of " + bytes.length + " bytes");
        }
        var path = pair + NODES + "/" + node;
        submit(() -> {
            try {
                var zooKeeper = client.getZookeeperClient().getZooKeeper();
                zooKeeper.setData(
                        path,
                        bytes,
                        -1,
                        (rc, _, _, _) -> {
                            if (Code.get(rc) == Code.NONODE) {
                                zooKeeper.create(
                                        path,
                                        bytes,
                                        owners,
                                        CreateMode.PERSISTENT,
                                        (_, _, _, _) -> {},
                                        null);
                            }
                        },
                        null);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                log.debug("the status is not published: {}", e.getMessage());
            }
        });
    }
}
