package krites.app.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import krites.eval.seeds.SeedChart;
import krites.eval.seeds.SeedMean;

/** The picture of an experiment: accuracies over steps, and best of n where it was measured. */
final class ExperimentPlot {
  private ExperimentPlot() {}

  /** The SVG document. */
  static String svg(ExperimentReport report) {
    List<SeedChart.Panel> panels = new ArrayList<>();
    for (String set : List.of(CellMeasures.CRITIC, CellMeasures.POLICY)) {
      List<SeedChart.Series> series = new ArrayList<>();
      report.arms().forEach(arm -> add(series, arm.arm().name(), arm.curve(set)));
      if (!series.isEmpty()) {
        panels.add(new SeedChart.Panel(set + " accuracy", "steps", false, series));
      }
    }
    List<SeedChart.Series> scale = new ArrayList<>();
    for (ArmSummary arm : report.arms()) {
      for (String curve : arm.curves()) {
        if (curve.startsWith(CellMeasures.SCALE)) {
          String method = curve.substring(CellMeasures.SCALE.length());
          add(scale, arm.arm().name() + ": " + method, arm.curve(curve));
        }
      }
    }
    if (!scale.isEmpty()) {
      panels.add(new SeedChart.Panel("best of n", "answers n", true, scale));
    }
    return SeedChart.svg(
        report.experiment().title(),
        "Means over seeds with t-intervals of 95 %; what has one seed has none.",
        panels);
  }

  private static void add(
      List<SeedChart.Series> series, String name, TreeMap<Double, SeedMean> curve) {
    if (!curve.isEmpty()) {
      List<SeedChart.Point> points = new ArrayList<>();
      curve.forEach((x, y) -> points.add(new SeedChart.Point(x, y)));
      series.add(new SeedChart.Series(name, points));
    }
  }
}
