package io.leasehold.blockrep.fuse;

import io.leasehold.blockrep.linux.Errno;
import io.leasehold.blockrep.linux.FileStatus;
import io.leasehold.blockrep.linux.Linux;
import io.leasehold.blockrep.linux.LinuxException;
import io.leasehold.blockrep.volume.FileSystem;
import io.leasehold.blockrep.volume.OperationLog;
import io.leasehold.blockrep.volume.Volume;
import io.leasehold.blockrep.volume.VolumeFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volume, mounted. From {@link #start} or {@link #resume} until {@link #unmount} this process
 * serves the mount.
 *
 * <p>The mount lives as long as somebody has the device's descriptor open (this process, the
 * keeper, dhcpd): when this process dies, callers wait until a successor resumes.
 */
public final class FuseMount {

    private static final Logger log = LoggerFactory.getLogger(FuseMount.class);

    private static final Path DEVICE = Path.of("/dev/fuse");

    /** As the kernel's table of mounts names it. */
    static final String TYPE = "fuse.leasehold";

    /** How long a change may stay out of the backing directory when nobody calls fsync. */
    private static final long FLUSH_INTERVAL_MILLIS = 500;

    private static final Duration JOIN_LIMIT = Duration.ofSeconds(1);

    private final FuseOptions options;
    private final FuseConnection connection;
    private final FuseListener listener;
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AtomicBoolean gone = new AtomicBoolean();
    private volatile boolean unmounting;

    private FuseMount(FuseOptions options, FuseConnection connection, FuseListener listener) {
        this.options = options;
        this.connection = connection;
        this.listener = listener;
    }

    /**
     * Whether whoever uses that path gets a volume: it is mounted there, and nothing over it. Asks
     * the kernel's table, never the mount; a mount that nobody serves any more counts.
     */
    public static boolean isOnTop(Path mountPoint) throws IOException {
        return MountTable.topmost(mountPoint).map(MountTable.Entry::isVolume).orElse(false);
    }

    /**
     * Takes away what was mounted there by a process that died together with the last descriptor:
     * nobody can serve it again, and whoever uses it gets errors.
     *
     * @throws IOException if umount2(2) refuses
     */
    public static void removeDead(Path mountPoint) throws IOException {
        while (isOnTop(mountPoint)) {
            Linux.umount2(mountPoint, Linux.MNT_FORCE | Linux.MNT_DETACH);
        }
    }

    /** Opens {@code /dev/fuse}: a descriptor for one mount. */
    public static int openDevice() throws IOException {
        return Linux.open(DEVICE, Linux.O_RDWR, 0);
    }

    /**
     * Mounts the volume and serves it.
     *
     * @param device a descriptor of {@code /dev/fuse} that is not mounted yet; stays the caller's,
     *     who may close it as soon as this returns
     * @throws IOException if mount(2) refuses; nothing is left behind
     */
    public static FuseMount start(
            int device,
            Volume volume,
            OperationLog operations,
            FuseOptions options,
            FuseListener listener)
            throws IOException {
        long incarnation = new SecureRandom().nextLong();
        MountState.write(options.stateFile(), incarnation);
        var files = fileSystem(volume, operations, options, listener);
        files.beginMount(false);
        var mount = new FuseMount(options, connection(device, files, incarnation), listener);
        try {
            Linux.mount(
                    options.name(),
                    options.mountPoint(),
                    TYPE,
                    Linux.MS_NOSUID | Linux.MS_NODEV | Linux.MS_NOATIME,
                    "fd=%d,rootmode=%o,user_id=0,group_id=0,default_permissions,allow_other,max_read=%d"
                            .formatted(
                                    device,
                                    FileStatus.TYPE_DIRECTORY,
                                    FuseReader.PAYLOAD_BYTES_MAX));
        } catch (LinuxException e) {
            mount.connection.end();
            throw new IOException("cannot mount on " + options.mountPoint(), e);
        }
        mount.startThreads();
        return mount;
    }

    /**
     * Serves a mount whose process has died. Requests that it left unanswered are answered: from
     * the journal if they had been carried out, else by carrying them out.
     *
     * @param device the descriptor that is mounted, or a copy of it; stays the caller's, who may
     *     close it as soon as this returns
     * @throws IOException if the state file is missing or not one, or the kernel is older than 6.9;
     *     the mount is as it was
     */
    public static FuseMount resume(
            int device,
            Volume volume,
            OperationLog operations,
            FuseOptions options,
            FuseListener listener)
            throws IOException {
        long incarnation = MountState.read(options.stateFile());
        var files = fileSystem(volume, operations, options, listener);
        files.beginMount(true);
        var mount = new FuseMount(options, connection(device, files, incarnation), listener);
        // Before the first read: the kernel sends again whatever was read until now.
        if (!mount.connection.askForResend()) {
            mount.connection.end();
            throw new IOException(
                    "this kernel cannot send again what nobody has answered (Linux 6.9 can)");
        }
        mount.startThreads();
        return mount;
    }

    /** With a descriptor of its own, so that nobody else's close concerns it. */
    private static FuseConnection connection(int device, FileSystem files, long incarnation)
            throws IOException {
        try {
            int own = Linux.duplicateDescriptorOf(ProcessHandle.current().pid(), device);
            return new FuseConnection(own, files, incarnation);
        } catch (LinuxException e) {
            throw new IOException("cannot use descriptor " + device + " of " + DEVICE, e);
        }
    }

    private static FileSystem fileSystem(
            Volume volume, OperationLog operations, FuseOptions options, FuseListener listener) {
        return new FileSystem(
                volume,
                operations,
                options.wallClockNanos(),
                options.reserve(),
                listener::volumeFailed);
    }

    private void startThreads() {
        int daemonId = new SecureRandom().nextInt();
        for (int i = 0; i < options.readers(); i++) {
            start(
                    "fuse-%s-%d".formatted(options.name(), i),
                    new FuseReader(connection, daemonId, this::gone));
        }
        start("fuse-%s-flush".formatted(options.name()), this::flush);
    }

    private void start(String name, Runnable work) {
        var thread = Thread.ofPlatform().name(name).daemon().unstarted(work);
        threads.add(thread);
        thread.start();
    }

    private void flush() {
        try {
            while (!stopped.await(FLUSH_INTERVAL_MILLIS, TimeUnit.MILLISECONDS)) {
                connection.files.flushIfPending();
            }
        } catch (VolumeFailedException e) {
            // Told where it happened.
            return;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts this thread", e);
        }
    }

    private void gone() {
        if (gone.compareAndSet(false, true) && !unmounting) {
            stopped.countDown();
            listener.mountGone();
        }
    }

    public FuseStatistics statistics() {
        return connection.statistics();
    }

    /** The file system behind the mount, for calls that come from no program. */
    public FileSystem files() {
        return connection.files;
    }

    /**
     * Unmounts, and brings the backing directory up to date. What somebody mounted over it goes
     * first.
     *
     * @param force abort the connection: whoever waits gets ECONNABORTED. Only when nobody is left
     *     whom an error could lead to answer a client (DESIGN.md, invariant 2); the file system
     *     then disappears even if it is in use
     * @throws IOException EBUSY if somebody uses the mount; it is served on
     */
    public void unmount(boolean force) throws IOException {
        unmounting = true;
        while (MountTable.isCovered(options.mountPoint())) {
            log.warn("something is mounted over {}: taken away", options.mountPoint());
            Linux.umount2(options.mountPoint(), Linux.MNT_DETACH);
        }
        var connectionNumber = MountTable.connectionAt(options.mountPoint());
        try {
            Linux.umount2(options.mountPoint(), force ? Linux.MNT_FORCE | Linux.MNT_DETACH : 0);
        } catch (LinuxException e) {
            if (e.errno() == Errno.EBUSY) {
                unmounting = false;
                throw new IOException(options.mountPoint() + " is in use", e);
            }
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            log.info("{} is not mounted any more", options.mountPoint());
        }
        stopped.countDown();
        if (!joinAll() && connectionNumber.isPresent()) {
            log.warn(
                    "{} is unmounted, but lives on in another mount namespace: aborting it",
                    options.mountPoint());
            ConnectionAbort.abort(connectionNumber.getAsInt());
            if (!joinAll()) {
                throw new IOException(
                        "the threads that serve " + options.mountPoint() + " do not end");
            }
        }
        connection.end();
        try {
            connection.files.flushLocally();
        } catch (VolumeFailedException e) {
            throw new IOException("the volume has failed", e);
        }
    }

    /** Whether all threads have ended, after some waiting. */
    private boolean joinAll() {
        try {
            for (var thread : threads) {
                if (!thread.join(JOIN_LIMIT)) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
