package krites.app.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import krites.eval.Interval;
import krites.eval.Measure;
import org.jspecify.annotations.Nullable;

/** Measures for a person and for a program. */
final class MeasureTable {
  /** Lines of the table; the rest is in the result's file. */
  private static final int LINES = 40;

  private MeasureTable() {}

  /** Lines of a table: name, value, interval, items. */
  static List<String> lines(List<Measure> measures) {
    List<Measure> shown = measures.subList(0, Math.min(LINES, measures.size()));
    int width = shown.stream().mapToInt(measure -> measure.name().length()).max().orElse(0);
    List<String> lines = new ArrayList<>();
    for (Measure measure : shown) {
      lines.add(
          String.format(
                  Locale.ROOT,
                  "%-" + width + "s  %8s  %-16s  %6d",
                  measure.name(),
                  value(measure),
                  measure.interval().map(Interval::text).orElse(""),
                  measure.items())
              .stripTrailing());
    }
    if (shown.size() < measures.size()) {
      lines.add("... and " + (measures.size() - shown.size()) + " more in " + EvalFolder.RESULT);
    }
    return lines;
  }

  private static String value(Measure measure) {
    return Double.isNaN(measure.value())
        ? "-"
        : String.format(Locale.ROOT, "%.3f", measure.value());
  }

  /** One object for each measure. */
  static List<Map<String, @Nullable Object>> json(List<Measure> measures) {
    List<Map<String, @Nullable Object>> list = new ArrayList<>();
    for (Measure measure : measures) {
      Map<String, @Nullable Object> object = new LinkedHashMap<>();
      object.put("name", measure.name());
      object.put("value", Double.isNaN(measure.value()) ? null : measure.value());
      object.put("low", measure.interval().map(Interval::low).orElse(null));
      object.put("high", measure.interval().map(Interval::high).orElse(null));
      object.put("items", measure.items());
      list.add(object);
    }
    return list;
  }
}
