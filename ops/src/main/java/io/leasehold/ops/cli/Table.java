package io.leasehold.ops.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Columns of text. The last one takes what is left of the line and is continued below itself, so
 * that a table is never wider than the terminal.
 */
final class Table {
    private static final int GAP_COLUMNS = 2;

    private final List<List<String>> rows = new ArrayList<>();

    Table(String... header) {
        rows.add(List.of(header));
    }

    void row(String... cells) {
        if (cells.length != rows.getFirst().size()) {
            throw new IllegalArgumentException("a row of " + cells.length + " cells");
        }
        rows.add(List.of(cells));
    }

    /** Without the header there is nothing to see. */
    boolean isEmpty() {
        return rows.size() == 1;
    }

    String print(int columns) {
        var last = rows.getFirst().size() - 1;
        var widths = new ArrayList<>(Collections.nCopies(last + 1, 0));
        for (var row : rows) {
            for (int i = 0; i <= last; i++) {
                widths.set(i, Math.max(widths.get(i), row.get(i).length()));
            }
        }
        var before = 0;
        for (int i = 0; i < last; i++) {
            before += widths.get(i) + GAP_COLUMNS;
        }
        var text = new StringBuilder();
        for (var row : rows) {
            var line = new StringBuilder();
            for (int i = 0; i < last; i++) {
                var cell = row.get(i);
                line.append(cell).append(" ".repeat(widths.get(i) - cell.length() + GAP_COLUMNS));
            }
            var indentation = " ".repeat(before);
            line.append(
                    Text.wrap(row.get(last), columns - before, "")
                            .replace("\n", "\n" + indentation));
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
