package io.leasehold.ops.node;

import io.leasehold.blockrep.Divergence;
import io.leasehold.blockrep.VolumeFacts;
import io.leasehold.blockrep.VolumeListener;
import io.leasehold.blockrep.replication.PeerFacts;
import io.leasehold.blockrep.replication.SessionId;
import io.leasehold.blockrep.volume.Seq;
import io.leasehold.heartbeat.controller.Event;
import java.util.Optional;
import java.util.function.Consumer;

/** Tells the controller what the replicated volume reports. Called on the volume's event thread. */
final class VolumeEvents implements VolumeListener {
    private final Consumer<Event> controller;
    private final PeerTalk peer;
    private final Journalist history;

    VolumeEvents(Consumer<Event> controller, PeerTalk peer, Journalist history) {
        this.controller = controller;
        this.peer = peer;
        this.history = history;
    }

    @Override
    public void peerConnected(SessionId session, PeerFacts facts) {
        history.observed(
                "replication",
                "session " + session.value() + " with the peer is open",
                "its history is " + facts.relation());
        peer.sessionOpened(session.value());
        controller.accept(
                new Event.SessionOpened(session.value(), Translation.relation(facts.relation())));
    }

    @Override
    public void peerDisconnected(SessionId session, String reason) {
        history.observed(
                "replication", "session " + session.value() + " with the peer ended", reason);
        controller.accept(new Event.SessionClosed(session.value(), reason));
        peer.sessionClosed(reason);
    }

    @Override
    public void peerMessage(SessionId session, byte[] message) {
        peer.received(session.value(), message);
    }

    @Override
    public void shrinkWanted(String reason) {
        history.observed("replication", "acknowledgements are frozen", reason);
        controller.accept(new Event.ShrinkWanted(reason));
    }

    @Override
    public void growWanted(Seq equalAt, Optional<VolumeFacts.FinishedResync> resync) {
        history.observed(
                "replication",
                "the peer is equal at operation " + equalAt.value(),
                "resync done" + resync.map(done -> ": " + done.describe()).orElse(""));
        controller.accept(new Event.GrowWanted(peer.sessionId(), equalAt.value()));
    }

    @Override
    public void diskFailed(String reason) {
        history.observed("replication", "this node's disk failed", reason);
        controller.accept(new Event.VolumeFailed(reason));
    }

    @Override
    public void divergenceFound(Divergence divergence) {
        history.observed(
                "replication",
                "the copies differ at operation " + divergence.at().value(),
                divergence.what(),
                "the next resync compares everything");
    }

    @Override
    public void factsChanged(VolumeFacts facts) {
        controller.accept(new Event.VolumeReport(Translation.volumeStatus(facts)));
    }
}
