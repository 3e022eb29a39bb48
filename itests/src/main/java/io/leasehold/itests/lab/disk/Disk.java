package io.leasehold.itests.lab.disk;

import io.leasehold.itests.lab.process.Command;
import io.leasehold.itests.lab.process.CommandException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The wires of one server's faulty disk, for those who attach it and make it fail. */
public final class Disk {
    private static final long SIZE_BYTES = 1L << 30;

    private final Path directory;

    /**
     * The disk in that directory.
     *
     * @param directory may not exist: then the server has an ordinary disk
     */
    public Disk(Path directory) {
        this.directory = directory;
    }

    /** Whether there is such a disk. */
    public boolean exists() {
        return Files.exists(directory.resolve(FaultyDisk.SOCKET));
    }

    /** Makes an empty ext4 on a new platter. */
    public void format() throws IOException, InterruptedException {
        Files.createDirectories(directory);
        var platter = directory.resolve(FaultyDisk.PLATTER);
        Command.of("truncate", "--size=" + SIZE_BYTES, platter.toString()).check();
        Command.of(
                        "mkfs.ext4",
                        "-q",
                        "-F",
                        "-E",
                        "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0",
                        platter.toString())
                .check();
        var image = directory.resolve(FaultyDisk.IMAGE);
        if (!Files.exists(image)) {
            Files.createFile(image);
        }
    }

    /** The command that is the disk's process, without the JVM in front. */
    public List<String> process() {
        return List.of(FaultyDisk.class.getName(), directory.toString());
    }

    /** Connects the disk to a loop device; returns it. */
    public String attach() throws IOException {
        return ask("attach");
    }

    /** Takes the loop device away; waits until nobody has it mounted. */
    public void detach() throws IOException {
        ask("detach");
    }

    /** From here on nothing reaches the platter, whatever is still written. */
    public void losePower() throws IOException {
        ask("power-off");
    }

    /**
     * Decides what had reached the platter of what was not synced, and makes the disk healthy
     * again.
     *
     * @return a sentence
     */
    public String settleLoss(long seed) throws IOException {
        var sentence = ask("lose " + seed);
        heal();
        return sentence;
    }

    public void heal() throws IOException {
        ask("behave HEALTHY 0");
    }

    /** Everything fails with EIO. */
    public void failIo() throws IOException {
        ask("behave EIO 0");
    }

    /** Writes fail with ENOSPC. */
    public void failSpace() throws IOException {
        ask("behave ENOSPC 0");
    }

    /** Every request takes so long. */
    public void slow(Duration delay) throws IOException {
        ask("behave SLOW " + delay.toMillis());
    }

    public String status() throws IOException {
        return ask("status");
    }

    private String ask(String order) throws IOException {
        if (!exists()) {
            throw new CommandException(
                    "this server has an ordinary disk; `lab up --faulty-disk` makes others");
        }
        try (var connection =
                SocketChannel.open(
                        UnixDomainSocketAddress.of(directory.resolve(FaultyDisk.SOCKET)))) {
            var bytes = ByteBuffer.wrap((order + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                connection.write(bytes);
            }
            var reader =
                    new BufferedReader(
                            new InputStreamReader(
                                    Channels.newInputStream(connection), StandardCharsets.UTF_8));
            var answer = reader.readLine();
            if (answer == null) {
                throw new CommandException("the disk does not answer to '" + order + "'");
            }
            return answer;
        }
    }
}
