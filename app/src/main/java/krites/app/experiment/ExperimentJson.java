package krites.app.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import krites.eval.Interval;
import krites.eval.seeds.SeedMean;
import org.jspecify.annotations.Nullable;

/** The content of {@code results.json}. */
final class ExperimentJson {
  private ExperimentJson() {}

  static Map<String, Object> of(ExperimentReport report) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("title", report.experiment().title());
    document.put("question", report.experiment().question());
    document.put("seeds", report.experiment().seeds());
    document.put("reference", report.experiment().reference());
    document.put("interval", "t-interval of 95 % over seeds");
    document.put("arms", report.arms().stream().map(arm -> arm(report, arm)).toList());
    List<Map<String, Object>> cells = new ArrayList<>();
    report
        .cells()
        .forEach(
            (cell, state) -> {
              Map<String, Object> object = new LinkedHashMap<>();
              object.put("arm", cell.arm().name());
              object.put("seed", cell.seed());
              object.put("state", state.kind().name().toLowerCase(Locale.ROOT));
              object.put("detail", state.detail());
              object.put("folder", report.folder().relativize(cell.folder()).toString());
              cells.add(object);
            });
    document.put("cells", cells);
    return document;
  }

  private static Map<String, Object> arm(ExperimentReport report, ArmSummary arm) {
    Map<String, Object> measures = new LinkedHashMap<>();
    for (String measure : arm.measures()) {
      Map<String, @Nullable Object> object = mean(arm.mean(measure));
      object.put("by_seed", arm.bySeed(measure));
      object.put("difference", mean(report.difference(arm, measure)));
      measures.put(measure, object);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("name", arm.arm().name());
    object.put("says", arm.arm().says());
    object.put("seeds", arm.results().size());
    object.put("measures", measures);
    Map<String, Object> curves = new LinkedHashMap<>();
    for (String curve : arm.curves()) {
      List<Map<String, @Nullable Object>> points = new ArrayList<>();
      arm.curve(curve)
          .forEach(
              (x, y) -> {
                Map<String, @Nullable Object> point = new LinkedHashMap<>();
                point.put("x", x);
                point.putAll(mean(y));
                points.add(point);
              });
      curves.put(curve, points);
    }
    object.put("curves", curves);
    return object;
  }

  private static Map<String, @Nullable Object> mean(SeedMean mean) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("mean", Double.isNaN(mean.mean()) ? null : mean.mean());
    object.put("low", mean.interval().map(Interval::low).orElse(null));
    object.put("high", mean.interval().map(Interval::high).orElse(null));
    object.put("seeds", mean.seeds());
    return object;
  }
}
