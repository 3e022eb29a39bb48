package io.leasehold.dhcp.probe;

import io.leasehold.dhcp.Ipv4Address;
import java.time.Duration;
import java.util.List;

/** What one probe found. */
public sealed interface ProbeResult {

    /**
     * One answer to our question.
     *
     * @param serverIdentifier option 54; 0.0.0.0 if it was absent
     * @param serverMac who sent the frame
     * @param fromThisHost whether the frame was sent by this host
     */
    record Answer(
            Ipv4Address serverIdentifier,
            String serverMac,
            boolean fromThisHost,
            Ipv4Address offered,
            Duration after) {}

    /** The answer of our server, as expected. */
    record Green(Answer answer) implements ProbeResult {}

    /** Nothing came within the time. */
    record Silent(Duration waited) implements ProbeResult {}

    /** Answers came, and none is as it must be; the text says what was expected instead. */
    record Wrong(List<Answer> answers, String expected) implements ProbeResult {}

    /**
     * More than one server answered: a rogue, or our own peer (then it is a split brain). Ours may
     * be among them.
     */
    record SecondServer(List<Answer> answers) implements ProbeResult {}

    /** The probe could not be made; it says nothing about the server. */
    record NotMade(String reason) implements ProbeResult {}

    default boolean isGreen() {
        return this instanceof Green;
    }
}
