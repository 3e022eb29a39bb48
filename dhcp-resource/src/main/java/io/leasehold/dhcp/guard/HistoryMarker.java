package io.leasehold.dhcp.guard;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Says that a volume has held leases, so that a lease file that is missing or says nothing is known
 * for what it is: amnesia.
 *
 * <pre>
 * leasehold-dhcp-history 1
 * leases 1000
 * </pre>
 *
 * @param leases addresses with a record when the server last started
 */
record HistoryMarker(int leases) {

    private static final Pattern FORMAT =
            Pattern.compile("leasehold-dhcp-history 1\nleases (\\d{1,9})\n");

    /**
     * @throws IOException if there is one and it cannot be read or understood: then nobody may
     *     claim that there was no history
     */
    static Optional<HistoryMarker> read(Path file) throws IOException {
        String text;
        try {
            text = Files.readString(file, US_ASCII);
        } catch (NoSuchFileException _) {
            return Optional.empty();
        }
        var matcher = FORMAT.matcher(text);
        if (!matcher.matches()) {
            throw new IOException("not understood: " + file);
        }
        return Optional.of(new HistoryMarker(Integer.parseInt(matcher.group(1))));
    }

    void write(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        var aside = file.resolveSibling(file.getFileName() + ".new");
        try (var out = new FileOutputStream(aside.toFile())) {
            out.write(("leasehold-dhcp-history 1\nleases " + leases + "\n").getBytes(US_ASCII));
            out.getFD().sync();
        }
        Files.move(
                aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
