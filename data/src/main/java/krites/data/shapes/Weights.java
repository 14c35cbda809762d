package krites.data.shapes;

import java.util.Map;

/** Checks of probabilities and weights that settings records share. */
final class Weights {
  private Weights() {}

  static void checkProbability(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(
          name + " is " + value + ", expected a probability from 0 to 1");
    }
  }

  static void check(String name, Map<?, Double> weights) {
    double total = 0;
    for (var entry : weights.entrySet()) {
      double weight = entry.getValue();
      if (!(weight >= 0) || !Double.isFinite(weight)) {
        throw new IllegalArgumentException(
            name
                + " gives "
                + entry.getKey()
                + " the weight "
                + weight
                + ", expected a number of at least 0");
      }
      total += weight;
    }
    if (!(total > 0)) {
      throw new IllegalArgumentException(name + " has no weight above 0");
    }
  }
}
