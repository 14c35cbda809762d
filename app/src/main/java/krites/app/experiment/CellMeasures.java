package krites.app.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Function;
import krites.app.HeldOutFile;
import krites.app.InputError;
import krites.app.config.ExperimentConfig;
import krites.app.display.HeldOut;
import krites.app.run.JsonFile;
import krites.app.run.RunDirectory;
import krites.app.run.RunHistory;

/** Reads the numbers of a cell out of what its stages and its further measures left. */
final class CellMeasures {
  static final String CRITIC = "critic";
  static final String POLICY = "policy";
  static final String BEFORE = " before";
  static final String AFTER = " after";
  static final String BEST = " best";
  static final String LAYOUT = " layout";
  static final String REWARD = "reward";
  static final String FORMAT = "format rate";
  static final String SECONDS = "seconds";

  /** Curves of best of n begin so; the method follows. */
  static final String SCALE = "scale ";

  /** Judge calls per question of best of n. */
  static final String CALLS = "calls ";

  private final Cell cell;
  private final Map<String, Double> measures = new LinkedHashMap<>();
  private final Map<String, TreeMap<Double, Double>> curves = new LinkedHashMap<>();

  private CellMeasures(Cell cell) {
    this.cell = cell;
  }

  /** Of a cell of which all is done. */
  static CellResult of(Cell cell, ExperimentConfig experiment) {
    CellMeasures reader = new CellMeasures(cell);
    reader.readStages();
    experiment.evals().forEach(reader::readEval);
    experiment.scale().forEach(_ -> reader.readScale());
    return new CellResult(reader.measures, reader.curves);
  }

  private void readStages() {
    List<HeldOut> evaluations = new ArrayList<>();
    double seconds = 0;
    long steps = 0;
    for (Cell.Stage stage : cell.stages()) {
      if (stage.kind() == StageKind.TRAIN) {
        RunHistory history = RunHistory.read(stage.folder().run());
        Map<String, Object> summary =
            JsonFile.read(stage.folder().run().resolve(RunDirectory.SUMMARY));
        for (HeldOut each : history.heldOut()) {
          evaluations.add(later(each, steps));
        }
        steps += stage.resolved().config().run().steps();
        seconds += number(summary, "wall_seconds").orElse(0);
        number(summary, "reward_last").ifPresent(value -> measures.put(REWARD, value));
        formatRate(history).ifPresent(value -> measures.put(FORMAT, value));
      } else if (stage.kind() == StageKind.SFT) {
        evaluations.add(later(HeldOutFile.read(stage.folder().evaluation()), steps));
      }
    }
    Map<String, Double> sampled = new LinkedHashMap<>(measures);
    measures.clear();
    boolean startMeasured = cell.stages().getFirst().kind() == StageKind.TRAIN;
    addSet(evaluations, startMeasured, CRITIC, HeldOut::criticAccuracy, HeldOut::criticFormat);
    addSet(evaluations, startMeasured, POLICY, HeldOut::policyAccuracy, HeldOut::policyFormat);
    measures.putAll(sampled);
    measures.put(SECONDS, seconds);
  }

  private void addSet(
      List<HeldOut> evaluations,
      boolean startMeasured,
      String set,
      Function<HeldOut, OptionalDouble> accuracy,
      Function<HeldOut, OptionalDouble> layout) {
    TreeMap<Double, Double> curve = new TreeMap<>();
    for (HeldOut each : evaluations) {
      // Where a stage ends, the next begins with the same model: the first reading stands.
      accuracy.apply(each).ifPresent(value -> curve.putIfAbsent((double) each.step(), value));
    }
    if (curve.isEmpty()) {
      return;
    }
    if (startMeasured) {
      measures.put(set + BEFORE, curve.firstEntry().getValue());
    }
    measures.put(set + AFTER, accuracy.apply(evaluations.getLast()).orElse(Double.NaN));
    measures.put(
        set + BEST, curve.values().stream().mapToDouble(Double::doubleValue).max().orElseThrow());
    layout.apply(evaluations.getLast()).ifPresent(value -> measures.put(set + LAYOUT, value));
    curves.put(set, curve);
  }

  private static HeldOut later(HeldOut heldOut, long steps) {
    return new HeldOut(
        heldOut.step() + steps,
        heldOut.criticAccuracy(),
        heldOut.criticFormat(),
        heldOut.policyAccuracy(),
        heldOut.policyFormat());
  }

  /** Of the last tenth of the steps, as the reward in the summary. */
  private static OptionalDouble formatRate(RunHistory history) {
    List<RunHistory.Step> steps = history.steps();
    int tenth = Math.ceilDiv(steps.size(), 10);
    return steps.subList(steps.size() - tenth, steps.size()).stream()
        .mapToDouble(RunHistory.Step::formatRate)
        .filter(rate -> !Double.isNaN(rate))
        .average();
  }

  private void readEval(ExperimentConfig.Eval eval) {
    Map<String, Object> result =
        JsonFile.read(CellFollowUps.evalFolder(cell, eval).resolve("result.json"));
    Map<String, Number> measured = new LinkedHashMap<>();
    if (result.get("measures") instanceof List<?> list) {
      for (Object each : list) {
        if (each instanceof Map<?, ?> measure && measure.get("value") instanceof Number value) {
          measured.put(String.valueOf(measure.get("name")), value);
        }
      }
    }
    for (String wanted : eval.measures()) {
      Number value = measured.get(wanted);
      if (value == null) {
        throw new InputError(
            "eval " + eval.name() + " has no measure " + wanted + ", only " + measured.keySet());
      }
      String name = wanted.equals("accuracy") ? eval.name() : eval.name() + " " + wanted;
      measures.put(name, value.doubleValue());
    }
  }

  private void readScale() {
    Map<String, Object> result =
        JsonFile.read(CellFollowUps.scaleFolder(cell).resolve("result.json"));
    if (!(result.get("points") instanceof List<?> points)) {
      return;
    }
    for (Object each : points) {
      if (each instanceof Map<?, ?> point
          && point.get("n") instanceof Number n
          && point.get("accuracy") instanceof Number accuracy
          && point.get("judge_calls") instanceof Number calls) {
        String method = String.valueOf(point.get("method"));
        add(SCALE + method, n.doubleValue(), accuracy.doubleValue());
        add(CALLS + method, n.doubleValue(), calls.doubleValue());
      }
    }
  }

  private void add(String curve, double x, double y) {
    curves.computeIfAbsent(curve, _ -> new TreeMap<>()).put(x, y);
  }

  private static OptionalDouble number(Map<String, Object> line, String key) {
    return line.get(key) instanceof Number value
        ? OptionalDouble.of(value.doubleValue())
        : OptionalDouble.empty();
  }
}
