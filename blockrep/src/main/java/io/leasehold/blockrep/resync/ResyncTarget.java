package io.leasehold.blockrep.resync;

import io.leasehold.blockrep.volume.Seq;
import io.leasehold.blockrep.wire.Frame.CompareEnds;
import io.leasehold.blockrep.wire.Frame.ComparePart;
import java.io.IOException;
import java.util.Optional;

/**
 * The secondary's side of a compare under way, for the session's reader thread. Closing it before
 * {@link #switchTo} leaves the copy as it was.
 */
public interface ResyncTarget extends AutoCloseable {

    /**
     * Takes what comes from the source.
     *
     * @throws io.leasehold.blockrep.wire.ProtocolException it does not belong here
     */
    void take(Seq seq, ComparePart part) throws IOException;

    /**
     * Makes what was received the tree, and its history this copy's history (R31). A crash in
     * between is finished by {@link InterruptedSwitch}.
     *
     * @param branchName under which is kept what is replaced, if it is to be kept
     * @return the name of the branch, if there is one
     * @throws io.leasehold.blockrep.wire.ProtocolException something is missing: the old copy is as
     *     it was
     * @throws IOException what came could not be finished, and the old copy is as it was; or the
     *     switch failed half-way, and so has the journal ({@link
     *     io.leasehold.blockrep.journal.Journal#switchTo})
     */
    Optional<String> switchTo(Seq seq, CompareEnds ends, String branchName) throws IOException;

    @Override
    void close() throws IOException;
}
