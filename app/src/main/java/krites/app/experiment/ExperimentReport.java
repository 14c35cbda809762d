package krites.app.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import krites.app.config.ExperimentConfig;
import krites.app.run.DurableFiles;
import krites.app.run.JsonFile;
import krites.eval.seeds.SeedMean;

/**
 * What an experiment says so far: {@code table.md}, {@code results.json} and {@code plot.svg}.
 *
 * @param experiment the experiment
 * @param arms what each arm gave, in the order of the file
 * @param cells how each cell stands
 * @param folder where it is written
 */
record ExperimentReport(
    ExperimentConfig experiment, List<ArmSummary> arms, Map<Cell, CellState> cells, Path folder) {
  static final String TABLE = "table.md";
  static final String RESULTS = "results.json";
  static final String PLOT = "plot.svg";

  /** Reads what there is. */
  static ExperimentReport of(ExperimentConfig experiment, List<Cell> cells, Path folder) {
    Map<Cell, CellState> states = new LinkedHashMap<>();
    cells.forEach(cell -> states.put(cell, CellState.of(cell, experiment)));
    List<ArmSummary> arms = new ArrayList<>();
    for (ExperimentConfig.Arm arm : experiment.arms()) {
      TreeMap<Long, CellResult> results = new TreeMap<>();
      for (Cell cell : cells) {
        if (cell.arm().equals(arm)) {
          cell.result(experiment).ifPresent(result -> results.put(cell.seed(), result));
        }
      }
      arms.add(new ArmSummary(arm, results));
    }
    return new ExperimentReport(experiment, arms, states, folder);
  }

  /** Writes the three files, each as a whole. */
  void write() {
    DurableFiles.write(
        folder.resolve(TABLE), String.join("\n", new ExperimentTable(this).lines()) + "\n");
    DurableFiles.write(folder.resolve(PLOT), ExperimentPlot.svg(this));
    JsonFile.write(folder.resolve(RESULTS), ExperimentJson.of(this));
  }

  /** The table of means, and where everything lies. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.addAll(new ExperimentTable(this).shortLines());
    lines.add("");
    lines.add("table    " + folder.resolve(TABLE));
    lines.add("plot     " + folder.resolve(PLOT));
    lines.add("results  " + folder.resolve(RESULTS));
    return lines;
  }

  /** The arm that the others are compared with. */
  ArmSummary reference() {
    return arms.stream()
        .filter(arm -> arm.arm().name().equals(experiment.reference()))
        .findFirst()
        .orElseThrow();
  }

  /** Names of all measures, in order. */
  Set<String> measures() {
    Set<String> names = new LinkedHashSet<>();
    arms.forEach(arm -> names.addAll(arm.measures()));
    return names;
  }

  /** Names of all curves, in order. */
  Set<String> curves() {
    Set<String> names = new LinkedHashSet<>();
    arms.forEach(arm -> names.addAll(arm.curves()));
    return names;
  }

  /** An arm's differences from the reference, seed by seed. */
  SeedMean difference(ArmSummary arm, String measure) {
    return SeedMean.ofDifferences(arm.bySeed(measure), reference().bySeed(measure));
  }
}
