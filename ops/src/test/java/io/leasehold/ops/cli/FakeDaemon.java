package io.leasehold.ops.cli;

import io.leasehold.ops.control.Caller;
import io.leasehold.ops.control.ControlHandler;
import io.leasehold.ops.control.Replies;
import io.leasehold.ops.control.Reply;
import io.leasehold.ops.control.Request;
import io.leasehold.ops.control.SampleViews;
import io.leasehold.ops.control.View;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Answers every request in the way that is set, and remembers what was asked. */
final class FakeDaemon implements ControlHandler {
    final List<Request> asked = new CopyOnWriteArrayList<>();

    /** Instead of the usual answer. */
    private volatile Optional<Reply.Answer> answer = Optional.empty();

    private volatile Optional<Reply.Answer> first = Optional.empty();

    void answers(Reply.Answer instead) {
        answer = Optional.of(instead);
    }

    void reports(View view) {
        answers(new Reply.Report(view));
    }

    /** The first request is answered so, the others as usual. */
    void reportsFirst(View view) {
        first = Optional.of(new Reply.Report(view));
    }

    @Override
    public Reply.Answer handle(Request request, Caller caller, Replies replies) {
        asked.add(request);
        if (asked.size() == 1 && first.isPresent()) {
            return first.get();
        }
        return answer.orElseGet(() -> usualAnswer(request, replies));
    }

    private static Reply.Answer usualAnswer(Request request, Replies replies) {
        return switch (request) {
            case Request.Status _ -> new Reply.Report(SampleViews.good());
            case Request.Ready _ -> new Reply.Report(SampleViews.ready());
            case Request.Why _ -> new Reply.Report(SampleViews.why());
            case Request.Explain _ -> new Reply.Report(SampleViews.explain());
            case Request.Fleet _ -> new Reply.Report(SampleViews.fleet());
            case Request.Links _ -> new Reply.Report(SampleViews.links());
            case Request.VolumeStatus _ -> new Reply.Report(SampleViews.volume(Optional.empty()));
            case Request.VolumeVerify _ -> new Reply.Report(SampleViews.verified());
            case Request.Branches _ -> new Reply.Report(SampleViews.branches());
            case Request.Branch _ -> new Reply.Report(SampleViews.branch());
            case Request.BranchLeases _ -> {
                SampleViews.branch().leases().forEach(replies::lease);
                yield new Reply.Done("1 lease differs, 1 is at risk.");
            }
            case Request.ConfigShow _ -> new Reply.Report(SampleViews.config());
            case Request.Version _ -> new Reply.Report(SampleViews.version());
            case Request.Events _ -> {
                replies.event(SampleViews.event(41, "dhcp1 is silent"));
                replies.event(SampleViews.event(42, "dhcp1 is off"));
                yield new Reply.Done("");
            }
            case Request.Takeover _ -> {
                replies.progress("dhcp1 drains the volume");
                yield new Reply.Done("dhcp2 serves since 180 ms.");
            }
            case Request.Standby _,
                    Request.Online _,
                    Request.Cleanup _,
                    Request.Maintenance _,
                    Request.Fence _,
                    Request.ConfirmFenced _,
                    Request.ForcePromotion _,
                    Request.VolumeResync _,
                    Request.Restart _,
                    Request.DhcpReload _ ->
                    new Reply.Done("It is done.");
        };
    }
}
