package io.leasehold.ops.control;

/** What {@code --json} prints: the same JSON as on the socket, one object on one line. */
public final class Json {
    private Json() {}

    public static String of(View view) {
        return RecordJson.write((Record) view, 0);
    }

    public static String of(EventView event) {
        return RecordJson.write(event, 0);
    }

    /** Nobody answered: what {@code --json} prints instead of an answer. */
    public static String unreachable(String sentence) {
        return RecordJson.write(new Unreachable(sentence), 0);
    }

    /** An answer; of a report only its view. */
    public static String of(Reply.Answer answer) {
        return answer instanceof Reply.Report(var view)
                ? of(view)
                : RecordJson.write((Record) answer, 0);
    }

    /** Not a message: it is what there is when none came. */
    private sealed interface Silence {}

    private record Unreachable(String sentence) implements Silence {}
}
