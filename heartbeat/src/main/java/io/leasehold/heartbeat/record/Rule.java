package io.leasehold.heartbeat.record;

/**
 * The rules of PROTOCOL.md that a decision can name, each with the sentence that a person is shown.
 */
public enum Rule {
    R1("epochs only grow, and one epoch has one writer"),
    R2(
            "a promise is durable before it is given, and messages of older epochs or sessions are void"),
    R3("a write is complete when it is durable on every member of inSync"),
    R4("writes freeze until the record says who holds them"),
    R5("a shrink and a takeover exclude each other"),
    R6("only an up-to-date member of inSync promotes, and only with proof that the peer is silent"),
    R7("fencing proves that the peer does not write, not that our data is newest"),
    R9("answers leave only while the serving lease lasts"),
    R10("a node enters inSync when equal, after the solo permit was revoked"),
    R11("the result of a request that was not answered is settled by another write, never guessed"),
    R12("modes of arbitration never mix"),
    R13("without the witness a connected pair goes on, but cannot fail over"),
    R14("the witness is asked who holds the data, not only who lives"),
    R15("a primary that the witness hears keeps the record"),
    R16("a leaving secondary marks itself outdated and says so"),
    R17("a hand-over: drained, demoted durably, then handed over"),
    R18("after power-on a copy is only consistent until the peer was met"),
    R19("a restart within one power-on keeps the standing"),
    R20("only the holder of the solo permit starts alone"),
    R21("a forced epoch is marked for ever"),
    R27("a restarted primary continues at the next epoch once the peer promised it"),
    R28("after both were down they meet first; the newer history is the source"),
    R29("two histories of which neither contains the other: both stop"),
    R30("no common ancestor: refuse"),
    R31("a target that is inconsistent never promotes"),
    R32("a disk that failed once is gone"),
    R33("a lone node's completions are durable locally"),
    R34("fenced means that the power was read back off"),
    R35("one side shoots later, so that not both are shot"),
    R36("a node that is fenced again and again stays off"),
    R37("silence starts procedures, it grants no right"),
    R38("a stop that fails ends in a self-fence"),
    R40("a decision is written down before its effect"),
    /** Not of the protocol: what the configuration or a person demands. */
    POLICY("configured policy"),
    /** DESIGN.md, invariant 4: a process that was paused asks again. */
    PAUSE("a process that stood still trusts nothing that it knew"),
    /** DESIGN.md, invariant 7: the order of start and stop. */
    ORDER("resources start in order and stop in reverse"),
    /** DESIGN.md, invariant 9. */
    INPUT("bad input is refused, with its place, and changes nothing");

    private final String sentence;

    Rule(String sentence) {
        this.sentence = sentence;
    }

    public String sentence() {
        return sentence;
    }
}
