package krites.app.display;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** The table of before and after that closes a run; values in, text out. */
public final class ResultTable {
  private ResultTable() {}

  private record Row(String name, OptionalDouble before, OptionalDouble after) {}

  /**
   * The table and where everything lies, as lines.
   *
   * @param terminal decides on colour
   * @param summary the content of {@code summary.json}
   * @param first the evaluation before the first step
   * @param last the last evaluation
   * @param runFolder where the files are
   */
  public static List<String> lines(
      Terminal terminal,
      Map<String, @Nullable Object> summary,
      HeldOut first,
      HeldOut last,
      Path runFolder) {
    List<Row> rows =
        List.of(
            new Row("critic accuracy", first.criticAccuracy(), last.criticAccuracy()),
            new Row("critic layout", first.criticFormat(), last.criticFormat()),
            new Row("policy accuracy", first.policyAccuracy(), last.policyAccuracy()),
            new Row("policy layout", first.policyFormat(), last.policyFormat()),
            new Row("reward", number(summary, "reward_first"), number(summary, "reward_last")));
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(
        terminal.bold(
            String.format(Locale.ROOT, "%-18s %8s %8s %8s", "", "before", "after", "change")));
    for (Row row : rows) {
      if (row.before().isPresent() || row.after().isPresent()) {
        lines.add(line(terminal, row));
      }
    }
    if (summary.get("policy_accuracy_peak") instanceof Number peak) {
      lines.add(
          "policy accuracy was highest at step "
              + summary.get("policy_accuracy_peak_step")
              + ": "
              + ProgressLine.three(peak.doubleValue()));
    }
    lines.add("");
    lines.add(
        "groups: "
            + summary.get("groups_issued")
            + " issued = "
            + summary.get("groups_trained")
            + " trained + "
            + dropped(summary)
            + " dropped + "
            + summary.get("groups_in_flight")
            + " in flight");
    lines.add("summary      " + runFolder.resolve("summary.json"));
    lines.add("metrics      " + runFolder.resolve("metrics.jsonl"));
    lines.add("samples      " + runFolder.resolve("samples.jsonl"));
    lines.add("checkpoints  " + runFolder.resolve("checkpoints"));
    return lines;
  }

  private static String line(Terminal terminal, Row row) {
    String text =
        String.format(
            Locale.ROOT, "%-18s %8s %8s", row.name(), shown(row.before()), shown(row.after()));
    if (row.before().isEmpty() || row.after().isEmpty()) {
      return text;
    }
    double change = row.after().getAsDouble() - row.before().getAsDouble();
    String shown = String.format(Locale.ROOT, " %+8.3f", change);
    return text + (change > 0 ? terminal.green(shown) : shown);
  }

  private static String shown(OptionalDouble value) {
    return value.isPresent() ? ProgressLine.three(value.getAsDouble()) : "-";
  }

  private static long dropped(Map<String, @Nullable Object> summary) {
    return summary.get("groups_dropped") instanceof Map<?, ?> reasons
        ? reasons.values().stream()
            .mapToLong(count -> count instanceof Number n ? n.longValue() : 0)
            .sum()
        : 0;
  }

  private static OptionalDouble number(Map<String, @Nullable Object> summary, String key) {
    return summary.get(key) instanceof Number value
        ? OptionalDouble.of(value.doubleValue())
        : OptionalDouble.empty();
  }
}
