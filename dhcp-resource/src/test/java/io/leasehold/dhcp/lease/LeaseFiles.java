package io.leasehold.dhcp.lease;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Lease files as dhcpd 4.4.3 writes them. */
public final class LeaseFiles {

    public static final String HEADER =
            """
            # The format of this file is documented in the dhcpd.leases(5) manual page.
            # This lease file was written by isc-dhcp-4.4.3-P1

            # authoring-byte-order entry is generated, DO NOT DELETE
            authoring-byte-order little-endian;

            server-duid "\\000\\001\\000\\0012\\226\\"\\273\\026\\011\\266\\327Tb";

            """;

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("e yyyy/MM/dd HH:mm:ss").withZone(ZoneOffset.UTC);

    private LeaseFiles() {}

    public static String active(String address, Instant starts, Instant ends, int client) {
        return """
        lease %s {
          starts %s;
          ends %s;
          cltt %s;
          binding state active;
          next binding state free;
          rewind binding state free;
          hardware ethernet 02:00:5e:%02x:%02x:%02x;
          uid "\\001\\002\\000^\\%03o\\"}%c";
          set vendor-class-identifier = "udhcp 1.36.1 {;}";
          client-hostname "client-%d";
        }
        """
                .formatted(
                        address,
                        DATE.format(starts),
                        DATE.format(ends),
                        DATE.format(starts),
                        client >> 16 & 0xff,
                        client >> 8 & 0xff,
                        client & 0xff,
                        client & 0xff,
                        'a' + client % 26,
                        client);
    }

    /** Header and {@code count} active leases from 198.18.0.10 upwards. */
    public static byte[] of(int count, Instant starts, Instant ends) {
        var out = new ByteArrayOutputStream(count * 400 + 1024);
        out.writeBytes(bytes(HEADER));
        for (int i = 0; i < count; i++) {
            out.writeBytes(bytes(active(address(i), starts, ends, i)));
        }
        return out.toByteArray();
    }

    public static String address(int index) {
        int n = index + 10;
        return "198." + (18 + (n >> 16)) + "." + (n >> 8 & 0xff) + "." + (n & 0xff);
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
