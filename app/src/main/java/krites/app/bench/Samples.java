package krites.app.bench;

import java.util.Arrays;
import java.util.List;

/**
 * One number as measured in several rounds.
 *
 * @param values in the order of the rounds, at least one
 */
record Samples(List<Double> values) {
  Samples {
    values = List.copyOf(values);
    if (values.isEmpty()) {
      throw new IllegalArgumentException("nothing was measured");
    }
  }

  double median() {
    double[] sorted = sorted();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  double least() {
    return sorted()[0];
  }

  double most() {
    return sorted()[values.size() - 1];
  }

  /** Round by round, this over the other: what a noisy machine distorts least. */
  Samples over(Samples other) {
    if (other.values.size() != values.size()) {
      throw new IllegalArgumentException(values.size() + " rounds against " + other.values.size());
    }
    Double[] ratios = new Double[values.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values.get(i) / other.values.get(i);
    }
    return new Samples(List.of(ratios));
  }

  private double[] sorted() {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted;
  }
}
