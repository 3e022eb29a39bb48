package io.leasehold.blockrep;

import io.leasehold.blockrep.link.PeerSession;
import io.leasehold.blockrep.resync.Pace;
import io.leasehold.blockrep.resync.VerifyTarget;
import io.leasehold.blockrep.volume.FileKind;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.volume.TreeDigest;
import io.leasehold.blockrep.wire.Frame;
import io.leasehold.blockrep.wire.FrameCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One online verification, on the primary. Each piece is digested here while no operation can get a
 * place, which is a millisecond or two, and its digest travels behind the operations that are in
 * it: so the peer digests its own piece at the same place in the order.
 */
final class Verification implements Conversation.VerifyRun {
    private static final long ANSWER_SECONDS_MAX = 30;

    /** Leaves writers at least three quarters of the time. */
    private static final int REST_FACTOR = 3;

    private final Copy copy;
    private final PeerSession session;
    private final Runnable settleTree;
    private final long bytesPerSecondMax;
    private final LinkedBlockingQueue<Frame.VerifyAnswer> answers = new LinkedBlockingQueue<>();
    private final List<String> differences = new ArrayList<>();
    private volatile boolean ended;
    private long number;

    /**
     * @param settleTree brings all operations that have a place to this node's backing directory;
     *     also called while no other can get one
     * @param bytesPerSecondMax 0: as fast as writers leave it
     */
    Verification(Copy copy, PeerSession session, Runnable settleTree, long bytesPerSecondMax) {
        this.copy = copy;
        this.session = session;
        this.settleTree = settleTree;
        this.bytesPerSecondMax = bytesPerSecondMax;
    }

    @Override
    public void answered(Frame.VerifyAnswer answer) {
        answers.add(answer);
    }

    @Override
    public void sessionEnded() {
        ended = true;
    }

    VerifyReport run(VerifyProgress progress) throws IOException, InterruptedException {
        var from = copy.journal.end().last();
        var manifest = copy.volume().manifest();
        var to = compare(0, 0, 0);
        var files = manifest.files().stream().filter(f -> f.kind() == FileKind.FILE).toList();
        long total = files.stream().mapToLong(f -> f.sizeBytes()).sum();
        long bytes = 0;
        var pace = new Pace(bytesPerSecondMax, System.nanoTime());
        // Small pieces at a small rate: no burst is longer than a quarter of a second.
        long pieceBytes =
                bytesPerSecondMax == 0
                        ? FrameCodec.VERIFY_BYTES_MAX
                        : Math.clamp(
                                bytesPerSecondMax / 4,
                                TreeDigest.CHUNK_BYTES,
                                FrameCodec.VERIFY_BYTES_MAX);
        progress.compared(0, total);
        for (var file : files) {
            for (long offset = 0; offset < file.sizeBytes(); offset += pieceBytes) {
                int length = (int) Math.min(pieceBytes, file.sizeBytes() - offset);
                to = compare(file.id().value(), offset, length);
                bytes += length;
                progress.compared(bytes, total);
                TimeUnit.NANOSECONDS.sleep(pace.restAfter(length, System.nanoTime()));
            }
        }
        return new VerifyReport(from, to, manifest.files().size(), bytes, List.copyOf(differences));
    }

    private Seq compare(long fileId, long offset, int length)
            throws IOException, InterruptedException {
        // What takes its time, while writers go on.
        settleTree.run();
        long begin = System.nanoTime();
        long mine = ++number;
        var volume = copy.volume();
        var at =
                volume.standingStill(() -> {
                    settleTree.run();
                    var digest = VerifyTarget.digest(volume, fileId, offset, length);
                    if (!copy.replicator.putInOrder(
                            session,
                            end -> new Frame.VerifyPiece(mine, fileId, offset, length, digest))) {
                        throw new IOException("the peer is not live any more");
                    }
                    return copy.journal.end().last();
                });
        session.outbox().flush();
        long busyNanos = System.nanoTime() - begin;
        await(mine, at);
        TimeUnit.NANOSECONDS.sleep(busyNanos * REST_FACTOR);
        return at;
    }

    private void await(long wanted, Seq at) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(ANSWER_SECONDS_MAX);
        while (System.nanoTime() < deadline && !ended) {
            var answer = answers.poll(100, TimeUnit.MILLISECONDS);
            if (answer == null || answer.number() != wanted) {
                continue;
            }
            if (!answer.same()) {
                if (differences.size() < VerifyReport.DIFFERENCES_MAX) {
                    differences.add("at operation " + at + ": " + answer.detail());
                    copy.verifiedDifferent(new Divergence(at, answer.detail()));
                }
            }
            return;
        }
        throw new IOException("the peer gave no answer about piece " + wanted);
    }
}
