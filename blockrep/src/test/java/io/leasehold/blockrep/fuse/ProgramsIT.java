package io.leasehold.blockrep.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Real programs on a real mount. What a script prints there must be what it prints on the disk's
 * own file system; and in the end a replica that got all operations must be identical. Needs root,
 * /dev/fuse and the programs.
 */
class ProgramsIT {

    @TempDir Path base;

    private ServedMount mount;
    private Path plain;

    @BeforeEach
    void mountAVolume() throws IOException {
        mount = ServedMount.start(base);
        plain = Files.createDirectory(base.resolve("plain"));
    }

    @AfterEach
    void unmount() throws IOException {
        mount.close();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiterString = " :: ",
            quoteCharacter = '\u0001',
            value = {
                "git :: git init -q r; cd r; git config user.email a@b; git config user.name n;"
                        + " for i in $(seq 30); do echo $i > f$i; done; git add -A; git commit -qm one;"
                        + " echo x >> f1; git commit -qam two; git gc -q; git fsck --full; git status --short;"
                        + " git checkout -q HEAD~1; cat f1",
                "sqlite with WAL :: sqlite3 d 'pragma journal_mode=wal; create table t(a)';"
                        + " for i in 1 2 3 4; do sqlite3 -cmd '.timeout 20000' d \"insert into t values ($i)\" & done;"
                        + " wait; sqlite3 d 'select sum(a) from t; pragma wal_checkpoint(truncate);"
                        + " pragma integrity_check'",
                "sqlite with rollback :: sqlite3 d 'create table t(a); begin; insert into t values(1); commit;"
                        + " begin; delete from t; rollback; select count(*) from t; vacuum; pragma integrity_check'",
                "vim :: echo hello > v; vim -es -u NONE -c '%s/hello/bye/' -c wq v; cat v; ls",
                "sed -i :: echo hello > v; sed -i s/hello/bye/ v; cat v; ls",
                "cp -a :: mkdir s; echo a > s/a; ln s/a s/b; ln -s a s/l; mkfifo s/p; chmod 4755 s/a;"
                        + " setfattr -n user.k -v v s/a; touch -h -d '2001-02-03 04:05:06.123456789' s/a s/l s/p s;"
                        + " cp -a s d; find d -printf '%p %m %s %T@ %y %n %l\\n' | grep -v '^d .*d 2 $' | sort;"
                        + " getfattr -n user.k --only-values d/a",
                "tar :: mkdir s; echo a > s/a; ln s/a s/b; ln -s a s/l; chmod 640 s/a; touch -d 2001-02-03 s/a;"
                        + " tar cf t s; mkdir x; tar -C x -xf t; find x/s -type f -printf '%p %m %s %T@ %y %n\\n' | sort",
                "rsync :: mkdir s; echo a > s/a; ln s/a s/b; ln -s a s/l; mkfifo s/p; setfattr -n user.k -v v s/a;"
                        + " touch -h -d 2001-02-03 s/a s/l s/p s; rsync -aHAX s/ d/; rsync -aHAXni --delete s/ d/;"
                        + " find d -not -type d -printf '%p %m %s %T@ %y %n\\n' | sort",
                "O_DIRECT :: head -c 262144 /dev/zero | tr '\\0' x > i; dd if=i of=o bs=4096 oflag=direct status=none;"
                        + " dd if=o bs=4096 iflag=direct status=none | sha256sum",
                "O_SYNC :: dd if=/dev/zero of=o bs=300 count=20 oflag=sync status=none;"
                        + " dd if=/dev/zero of=o bs=300 count=20 oflag=dsync,append conv=notrunc status=none; stat -c %s o",
                "open flags :: perl -e 'use Fcntl; sub o { my($n,$f)=@_; sysopen(my $h,$n,$f,0640) ? print(qq(ok\\n))"
                        + " : print(0+$!,qq(\\n)) } o(q(f),O_RDWR|O_CREAT|O_EXCL); o(q(f),O_RDWR|O_CREAT|O_EXCL);"
                        + " open F,q(>f); print F q(x)x9; close F; o(q(f),O_WRONLY|O_APPEND); symlink q(f),q(l);"
                        + " o(q(l),O_RDONLY|O_NOFOLLOW); o(q(f),O_RDONLY|O_DIRECTORY); mkdir q(d); o(q(d),O_WRONLY);"
                        + " o(q(d),O_RDONLY|O_DIRECTORY); o(q(n),O_RDWR); print -s q(f),qq(\\n);"
                        + " o(q(f),O_RDWR|O_TRUNC|O_NOCTTY|O_NONBLOCK|O_SYNC); print -s q(f),qq(\\n)'; stat -c %a f",
                "readdirplus :: mkdir m; for i in $(seq 500); do echo $i > m/f$i; ln m/f$i m/g$i; done;"
                        + " find m -type f -printf '%p %n %s %m\\n' | sort | sha256sum; ls -l m | wc -l",
                "statfs :: stat -f -c '%l %s' .; truncate -s 1G sparse; sync sparse; stat -c '%s %b' sparse",
                "fallocate :: fallocate -l 1M f; fallocate -p -o 4096 -l 8192 f; fallocate -z -o 65536 -l 4096 f;"
                        + " fallocate -n -l 2M f; stat -c %s f; sha256sum f; sync f; stat -c %s f",
                "SEEK_HOLE :: truncate -s 1M f; echo x | dd of=f bs=1 seek=500000 conv=notrunc status=none;"
                        + " perl -e 'open F,\"<f\"; print 0+sysseek(F,0,3),\" \",sysseek(F,499999,3),\"\\n\"'",
                "flock :: touch f; flock f sh -c 'flock -n f true || echo locked'; flock -n f echo free",
                "fcntl :: perl -e 'use Fcntl; open F,\"+>f\"; $l=pack(\"ssqqi\",F_WRLCK,0,0,0,0); fcntl(F,F_SETLK,$l);"
                        + " if(!fork){open G,\"+<f\"; print fcntl(G,F_SETLK,$l)?\"free\":\"locked\",\"\\n\"; exit} wait'",
                "xattr :: echo x > f; setfattr -n user.a -v 1 f; setfattr -n trusted.b -v 2 f; getfattr -m - -d f;"
                        + " setfattr -x user.a f; getfattr -m - -d f; setfattr -x user.a f 2>&1 || true",
                "fifo :: mkfifo p; (echo through > p &); cat p; stat -c %F p",
                "socket :: perl -e 'use Socket; socket(S,PF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un(\"s\")); listen(S,1);"
                        + " socket(C,PF_UNIX,SOCK_STREAM,0); print connect(C,sockaddr_un(\"s\"))?\"ok\":$!,\"\\n\"';"
                        + " stat -c %F s",
                "unlink while open :: exec 5<>u; echo data >&5; rm u; cat /proc/self/fd/5; stat -Lc '%h %s' /proc/self/fd/5;"
                        + " echo more >&5; stat -Lc %s /proc/self/fd/5; ls -a",
                "rename over open :: echo old > o; exec 5<o; echo new > n; mv n o; cat <&5; cat o; exec 5<&-; ls",
                "exchange :: echo 1 > a; mkdir b; perl -e '$x=\"a\";$y=\"b\"; syscall(316,-100,$x,-100,$y,2)==0 or die $!;"
                        + " print syscall(316,-100,$x,-100,$y,1)==0?\"\":$!,\"\\n\"'; cat b; ls -F",
                "mmap :: perl -e 'open F,\">f\"; truncate F,20000'; python3 -c 'import mmap; f=open(\"f\",\"r+b\");"
                        + " m=mmap.mmap(f.fileno(),0); m[9000:9005]=b\"hello\"; m.flush();"
                        + " g=open(\"f\",\"rb\"); g.seek(9000); print(g.read(5))'; sha256sum f",
                "set-id bits :: cp /bin/true t; chmod 777 .; chmod 6777 t; setpriv --reuid 65534 --regid 65534"
                        + " --clear-groups sh -c 'echo x >> t'; stat -c %a t; chmod 6777 t; chown 5 t; stat -c '%a %u' t;"
                        + " chmod 6777 t; setpriv --reuid 65534 --regid 65534 --clear-groups truncate -s 0 t;"
                        + " stat -c %a t",
                "set-gid directory :: mkdir g; chgrp 5 g; chmod 2775 g; mkdir g/d; touch g/f; ln -s x g/l;"
                        + " stat -c '%n %a %g' g/d g/f g/l",
                "sticky directory :: mkdir s; chmod 1777 s; touch s/f; setpriv --reuid 65534 --regid 65534"
                        + " --clear-groups rm -f s/f 2>&1 || true; ls s",
                "many files :: mkdir m; cd m; for i in $(seq 3000); do : > f$i; done; ls | wc -l; ls -f | sort | tail -1;"
                        + " rm f1*; ls | wc -l; rm -r ../m; ls ..",
                "deep directories :: p=.; for i in $(seq 300); do p=$p/d; done; mkdir -p $p; echo x > $p/f; cat $p/f;"
                        + " mv d e; find . | wc -l; rm -r e; ls",
                "long names :: n=$(printf 'x%.0s' $(seq 255)); touch $n; ls | wc -c; touch ${n}y 2>&1 || true",
                "names that are no text :: perl -e 'open F,\">a\\xff\\xfe\\nb\" or die $!'; ls -b; rm a*; ls",
                "errors :: mkdir d; touch d/f; rmdir d 2>&1 || true; rmdir d/f 2>&1 || true; mkdir d 2>&1 || true;"
                        + " cat nothing 2>&1 || true; mv d d/x 2>&1 || true; ln d e 2>&1 || true; cat d 2>&1 || true",
                "du and df :: head -c 100000 /dev/zero | tr '\\0' x > f; sync f; ls -la > /dev/null;"
                        + " du -k f; df . | tail -1 | wc -w",
                "append by many :: for i in 1 2 3 4; do perl -MIO::Handle -e 'open F,\">>\",\"f\"; for(1..50)"
                        + "{syswrite F,\"x\"x299 .\"\\n\"; F->sync or die}' & done; wait; sort -u f | wc -l; wc -l < f",
            })
    void shouldWorkAsOnTheDisk(String program, String script)
            throws IOException, InterruptedException {
        var onMount = ServedMount.run(mount.mountPoint, script);

        assertThat(onMount).as(program).isEqualTo(ServedMount.run(plain, script));
        mount.shouldReplicateIdentically();
        assertThat(mount.daemonLog()).as("the daemon's log").isEmpty();
    }

    @Test
    void shouldSayWhatItDoesNotSupport() throws IOException, InterruptedException {
        var output =
                ServedMount.run(
                        mount.mountPoint,
                        """
                        touch f
                        setfattr -n trusted.leasehold.id -v 0 f 2>&1 || true
                        setfattr -n security.foo -v 1 f 2>&1 || true
                        setfattr -n system.posix_acl_access -v 0x02000000 f 2>&1 || true
                        mknod d c 1 3 2>&1 || true
                        fallocate -c -o 0 -l 4096 f 2>&1 || true
                        perl -e 'sysopen(F,".",020200002,0600) or print "O_TMPFILE: $!\n"'
                        getfattr -m - -d f
                        """);

        assertThat(output)
                .isEqualTo(
                        """
                        setfattr: f: Operation not permitted
                        setfattr: f: Operation not supported
                        setfattr: f: Operation not supported
                        mknod: d: Operation not permitted
                        fallocate: fallocate failed: Operation not supported
                        O_TMPFILE: Operation not supported
                        """);
    }

    /** The policy for atime: reading does not change it (noatime), whoever sets it has it kept. */
    @Test
    void shouldChangeTheAccessTimeOnlyWhenToldTo() throws IOException, InterruptedException {
        assertThat(
                        ServedMount.run(
                                mount.mountPoint,
                                """
                                echo x > f
                                touch -a -d 2001-02-03T04:05:06.123456789Z f
                                cat f > /dev/null
                                stat -c %x f | TZ=UTC xargs -I{} date -u -d {} +%FT%T.%N
                                """))
                .isEqualTo("2001-02-03T04:05:06.123456789\n");
        mount.shouldReplicateIdentically();
    }

    /**
     * dhcpd rewrites its leases at the start: temporary file, fsync, link(leases, leases~), rename.
     */
    @Test
    void shouldLetDhcpdRewriteItsLeases() throws IOException, InterruptedException {
        Files.writeString(
                mount.mountPoint.resolve("dhcpd.conf"),
                """
                default-lease-time 600;
                subnet 198.18.0.0 netmask 255.255.255.0 { range 198.18.0.10 198.18.0.20; }
                """);
        Files.writeString(
                mount.mountPoint.resolve("dhcpd.leases"),
                """
                lease 198.18.0.10 {
                  starts 1 2030/01/07 00:00:00;
                  ends 1 2035/01/01 00:00:00;
                  binding state active;
                  hardware ethernet 02:00:00:00:00:01;
                }
                """);

        var output =
                ServedMount.run(
                        mount.mountPoint,
                        """
                        unshare --net bash -eu <<'END'
                        ip link add v0 type veth peer name v1
                        ip addr add 198.18.0.1/24 dev v0
                        ip link set v0 up; ip link set v1 up
                        /usr/sbin/dhcpd -4 -f -q -cf dhcpd.conf -lf dhcpd.leases -pf ../dhcpd.pid v0 2> ../dhcpd.log &
                        for i in $(seq 100); do [ -e dhcpd.leases~ ] && grep -q 198.18.0.10 dhcpd.leases && break; sleep 0.1; done
                        pid=$!
                        for i in $(seq 100); do [ -s ../dhcpd.pid ] && break; sleep 0.1; done
                        for fd in /proc/$pid/fd/*; do
                            case $(readlink $fd) in
                                */dhcpd.leases) [ $(stat -Lc %i $fd) = $(stat -c %i dhcpd.leases) ] && echo "writes to the visible file";;
                            esac
                        done
                        kill $pid
                        wait $pid || true
                        END
                        grep -c '198.18.0.10' dhcpd.leases dhcpd.leases~
                        """);

        assertThat(output)
                .isEqualTo(
                        """
                        writes to the visible file
                        dhcpd.leases:1
                        dhcpd.leases~:1
                        """);
        mount.shouldReplicateIdentically();
    }

    /**
     * Kea appends to a file and, now and then, has {@code kea-lfc} put a smaller one in its place:
     * both are renamed over each other while they are open.
     */
    @Test
    void shouldLetKeaKeepAndCleanUpItsLeases() throws IOException, InterruptedException {
        var output =
                ServedMount.run(
                        mount.mountPoint,
                        """
                        unshare --net bash -eu <<'END'
                        unshare --net sleep 50 & lan=$!
                        until [ $(readlink /proc/$lan/ns/net) != $(readlink /proc/self/ns/net) ]; do sleep 0.01; done
                        ip link add v0 type veth peer name v1 netns $lan
                        ip addr add 198.18.0.1/24 dev v0; ip link set v0 up
                        nsenter -t $lan -n ip addr add 198.18.0.2/24 dev v1; nsenter -t $lan -n ip link set v1 up
                        cat > kea.conf <<CONF
                        { "Dhcp4": { "interfaces-config": { "interfaces": [ "v0" ] },
                          "lease-database":
                            { "type": "memfile", "persist": true, "name": "$PWD/leases.csv", "lfc-interval": 1 },
                          "subnet4": [ { "subnet": "198.18.0.0/24",
                            "pools": [ { "pool": "198.18.0.10 - 198.18.0.200" } ] } ] } }
                        CONF
                        export KEA_PIDFILE_DIR=$PWD/.. KEA_LOCKFILE_DIR=$PWD/..
                        touch ../kea.log
                        /usr/sbin/kea-dhcp4 -c kea.conf >> ../kea.log 2>&1 & kea=$!
                        for i in $(seq 100); do grep -q STARTED ../kea.log && break; sleep 0.1; done
                        nsenter -t $lan -n perfdhcp -4 -r 50 -n 60 -R 20 -l 198.18.0.2 198.18.0.1 > ../perfdhcp.log || true
                        for i in $(seq 100); do [ -e leases.csv.2 ] && [ ! -e leases.csv.1 ] && break; sleep 0.1; done
                        kill $kea; wait $kea || true
                        kill $lan
                        END
                        [ -e leases.csv.2 ] && echo cleaned up
                        cut -d, -f1 leases.csv* | sort -u | grep -c ^198.18
                        """);

        assertThat(output).isEqualTo("cleaned up\n20\n");
        mount.shouldReplicateIdentically();
    }
}
