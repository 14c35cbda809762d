package krites.app.experiment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one cell gave, in numbers.
 *
 * @param measures each by its name, in the order of the table
 * @param curves each by its name: a value for each place
 */
record CellResult(Map<String, Double> measures, Map<String, TreeMap<Double, Double>> curves) {
  private static final String MEASURES = "measures";
  private static final String CURVES = "curves";

  CellResult {
    measures = Collections.unmodifiableMap(new LinkedHashMap<>(measures));
    curves = Collections.unmodifiableMap(new LinkedHashMap<>(curves));
  }

  /** As an object of JSON: a curve is a list of places and values. */
  Map<String, Object> json() {
    Map<String, Object> lists = new LinkedHashMap<>();
    curves.forEach(
        (name, curve) -> {
          List<List<Double>> points = new ArrayList<>();
          curve.forEach((x, y) -> points.add(List.of(x, y)));
          lists.put(name, points);
        });
    Map<String, Object> object = new LinkedHashMap<>();
    object.put(MEASURES, measures);
    object.put(CURVES, lists);
    return object;
  }

  /** From such an object; what it lacks is empty. */
  static CellResult read(Map<String, Object> object) {
    Map<String, Double> measures = new LinkedHashMap<>();
    if (object.get(MEASURES) instanceof Map<?, ?> map) {
      map.forEach(
          (name, value) -> {
            if (value instanceof Number number) {
              measures.put(String.valueOf(name), number.doubleValue());
            }
          });
    }
    Map<String, TreeMap<Double, Double>> curves = new LinkedHashMap<>();
    if (object.get(CURVES) instanceof Map<?, ?> map) {
      map.forEach((name, points) -> curves.put(String.valueOf(name), curve(points)));
    }
    return new CellResult(measures, curves);
  }

  private static TreeMap<Double, Double> curve(Object points) {
    TreeMap<Double, Double> curve = new TreeMap<>();
    if (points instanceof List<?> list) {
      for (Object point : list) {
        if (point instanceof List<?> pair
            && pair.size() == 2
            && pair.get(0) instanceof Number x
            && pair.get(1) instanceof Number y) {
          curve.put(x.doubleValue(), y.doubleValue());
        }
      }
    }
    return curve;
  }
}
