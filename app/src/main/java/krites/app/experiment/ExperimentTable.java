package krites.app.experiment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import krites.eval.Interval;
import krites.eval.seeds.SeedMean;

/** The tables of an experiment in Markdown. */
final class ExperimentTable {
  private final ExperimentReport report;

  ExperimentTable(ExperimentReport report) {
    this.report = report;
  }

  /** All of {@code table.md}. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("# " + report.experiment().title());
    lines.add("");
    if (!report.experiment().question().isEmpty()) {
      lines.add(report.experiment().question());
      lines.add("");
    }
    lines.add(
        "Means over seeds with t-intervals of 95 % (n - 1 degrees of freedom). They say how far other"
            + " seeds may lie;");
    lines.add("the held-out items are the same for all. `best` was chosen after seeing the curve.");
    lines.add("");
    lines.addAll(means());
    section(lines, "Against " + report.experiment().reference() + ", seed by seed", differences());
    section(lines, "Best of n", scale());
    section(lines, "Each seed", seeds());
    section(lines, "What the arms do", settings());
    section(lines, "Not in these tables", missing());
    return lines;
  }

  /** The first table alone, and what is missing from it. */
  List<String> shortLines() {
    List<String> lines = new ArrayList<>(means());
    lines.addAll(missing());
    return lines;
  }

  private static void section(List<String> lines, String heading, List<String> content) {
    if (!content.isEmpty()) {
      lines.add("");
      lines.add("## " + heading);
      lines.add("");
      lines.addAll(content);
    }
  }

  private List<String> means() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("arm", "seeds", report.measures()));
    for (ArmSummary arm : report.arms()) {
      List<String> cells = new ArrayList<>();
      for (String measure : report.measures()) {
        cells.add(shown(measure, arm.mean(measure), ""));
      }
      rows.add(row(arm.arm().name(), Integer.toString(arm.results().size()), cells));
    }
    return table(rows);
  }

  private List<String> differences() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("arm", "seeds", report.measures()));
    for (ArmSummary arm : report.arms()) {
      if (arm.arm().equals(report.reference().arm())) {
        continue;
      }
      List<String> cells = new ArrayList<>();
      int seeds = 0;
      for (String measure : report.measures()) {
        SeedMean difference = report.difference(arm, measure);
        seeds = Math.max(seeds, difference.seeds());
        cells.add(shown(measure, difference, "+"));
      }
      rows.add(row(arm.arm().name(), Integer.toString(seeds), cells));
    }
    return rows.size() == 1 ? List.of() : table(rows);
  }

  private List<String> seeds() {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("arm", "seed", report.measures()));
    for (ArmSummary arm : report.arms()) {
      arm.results()
          .forEach(
              (seed, result) -> {
                List<String> cells = new ArrayList<>();
                for (String measure : report.measures()) {
                  Double value = result.measures().get(measure);
                  cells.add(value == null ? "-" : number(measure, value, ""));
                }
                rows.add(row(arm.arm().name(), seed.toString(), cells));
              });
    }
    return rows.size() == 1 ? List.of() : table(rows);
  }

  private List<String> scale() {
    List<List<String>> rows = new ArrayList<>();
    for (ArmSummary arm : report.arms()) {
      for (String curve : arm.curves()) {
        if (curve.startsWith(CellMeasures.SCALE)) {
          String method = curve.substring(CellMeasures.SCALE.length());
          TreeMap<Double, SeedMean> calls = arm.curve(CellMeasures.CALLS + method);
          arm.curve(curve)
              .forEach(
                  (n, mean) ->
                      rows.add(
                          List.of(
                              arm.arm().name(),
                              method,
                              String.format(Locale.ROOT, "%.0f", n),
                              shown(curve, mean, ""),
                              String.format(
                                  Locale.ROOT,
                                  "%.1f",
                                  calls.getOrDefault(n, SeedMean.of()).mean()))));
        }
      }
    }
    if (rows.isEmpty()) {
      return List.of();
    }
    rows.addFirst(List.of("arm", "chosen by", "n", "accuracy", "judge calls per question"));
    return table(rows);
  }

  /** What each stage of each arm sets that not all stages share. */
  private List<String> settings() {
    Map<String, Cell> first = new LinkedHashMap<>();
    report.cells().keySet().forEach(cell -> first.putIfAbsent(cell.arm().name(), cell));
    List<Map<String, String>> all =
        first.values().stream()
            .flatMap(cell -> cell.stages().stream())
            .map(stage -> stage.resolved().values())
            .toList();
    Set<String> keys = new LinkedHashSet<>();
    for (Map<String, String> values : all) {
      values.forEach(
          (key, value) -> {
            if (!value.equals(all.getFirst().get(key))) {
              keys.add(key);
            }
          });
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("arm", "", "stages and settings that differ"));
    first.forEach(
        (name, cell) ->
            rows.add(
                List.of(
                    name,
                    cell.arm().says(),
                    cell.stages().stream()
                        .map(stage -> stage(stage, keys, all.size() == first.size()))
                        .collect(Collectors.joining("; then ")))));
    return table(rows);
  }

  /** Where arms have several stages, what is as it ships is left out. */
  private static String stage(Cell.Stage stage, Set<String> keys, boolean singleStages) {
    Map<String, String> values = stage.resolved().values();
    Map<String, String> defaults = stage.resolved().defaults();
    return stage.kind().word()
        + keys.stream()
            .filter(key -> singleStages || !Objects.equals(values.get(key), defaults.get(key)))
            .map(key -> " `" + key + "=" + values.get(key) + "`")
            .collect(Collectors.joining());
  }

  private List<String> missing() {
    List<String> lines = new ArrayList<>();
    report
        .cells()
        .forEach(
            (cell, state) -> {
              if (state.kind() != CellState.Kind.DONE) {
                lines.add("- " + cell.name() + ": " + state.words());
              }
            });
    return lines;
  }

  private static String shown(String measure, SeedMean mean, String sign) {
    if (Double.isNaN(mean.mean())) {
      return "-";
    }
    return number(measure, mean.mean(), sign)
        + mean.interval().map(interval -> " " + shown(measure, interval, sign)).orElse("");
  }

  private static String shown(String measure, Interval interval, String sign) {
    return "["
        + number(measure, interval.low(), sign)
        + ", "
        + number(measure, interval.high(), sign)
        + "]";
  }

  private static String number(String measure, double value, String sign) {
    int digits = measure.equals(CellMeasures.SECONDS) ? 0 : 3;
    return String.format(Locale.ROOT, "%" + sign + "." + digits + "f", value);
  }

  private static List<String> row(String first, String second, Iterable<String> others) {
    List<String> row = new ArrayList<>(List.of(first, second));
    others.forEach(row::add);
    return row;
  }

  /** Rows as a table of Markdown; the first is its head. */
  private static List<String> table(List<List<String>> rows) {
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      lines.add(
          row.stream()
              .map(cell -> cell.replace("|", "\\|"))
              .collect(Collectors.joining(" | ", "| ", " |")));
      if (lines.size() == 1) {
        lines.add("|" + String.join("", Collections.nCopies(row.size(), "---|")));
      }
    }
    return lines;
  }
}
