package krites.app.experiment;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import krites.app.config.ExperimentConfig;
import krites.eval.seeds.SeedMean;

/**
 * All that an arm gave so far.
 *
 * @param arm the arm
 * @param results of the seeds that are done
 */
record ArmSummary(ExperimentConfig.Arm arm, TreeMap<Long, CellResult> results) {
  /** Names of the measures that any seed has. */
  Set<String> measures() {
    Set<String> names = new LinkedHashSet<>();
    results.values().forEach(result -> names.addAll(result.measures().keySet()));
    return names;
  }

  /** Names of the curves that any seed has. */
  Set<String> curves() {
    Set<String> names = new LinkedHashSet<>();
    results.values().forEach(result -> names.addAll(result.curves().keySet()));
    return names;
  }

  /** A measure by seed, of the seeds that have it. */
  Map<Long, Double> bySeed(String measure) {
    Map<Long, Double> values = new LinkedHashMap<>();
    results.forEach(
        (seed, result) -> {
          Double value = result.measures().get(measure);
          if (value != null) {
            values.put(seed, value);
          }
        });
    return values;
  }

  /** The mean of a measure over seeds. */
  SeedMean mean(String measure) {
    return SeedMean.of(
        bySeed(measure).values().stream().mapToDouble(Double::doubleValue).toArray());
  }

  /** Means of a curve over seeds at each place that any seed has. */
  TreeMap<Double, SeedMean> curve(String name) {
    TreeMap<Double, SeedMean> means = new TreeMap<>();
    Set<Double> places = new TreeSet<>();
    results.values().forEach(result -> places.addAll(points(result, name).keySet()));
    for (Double place : places) {
      means.put(
          place,
          SeedMean.of(
              results.values().stream()
                  .map(result -> points(result, name))
                  .filter(points -> points.containsKey(place))
                  .mapToDouble(points -> points.get(place))
                  .toArray()));
    }
    return means;
  }

  private static TreeMap<Double, Double> points(CellResult result, String name) {
    return result.curves().getOrDefault(name, new TreeMap<>());
  }
}
