package krites.simulator;

import java.util.Arrays;

/** How a length or a time varies: a distribution of numbers of at least 0. */
public sealed interface Amounts {
  /** The number that a seed stands for. */
  double draw(long seed);

  /**
   * Lognormal: the usual shape of what is often short and seldom very long.
   *
   * @param median half are below it; above 0
   * @param spread standard deviation of the logarithm; 0 makes all equal
   */
  record Lognormal(double median, double spread) implements Amounts {
    public Lognormal {
      if (!(median > 0 && spread >= 0) || Double.isInfinite(median + spread)) {
        throw new IllegalArgumentException(
            "a lognormal with median " + median + " and spread " + spread + " is impossible");
      }
    }

    @Override
    public double draw(long seed) {
      return spread == 0 ? median : median * Math.exp(spread * Draws.normal(seed));
    }
  }

  /** What was measured, each value equally likely. */
  final class Measured implements Amounts {
    private final double[] values;

    /**
     * @param values at least one
     */
    public Measured(double... values) {
      if (values.length == 0) {
        throw new IllegalArgumentException("nothing was measured");
      }
      this.values = values.clone();
      Arrays.sort(this.values);
    }

    @Override
    public double draw(long seed) {
      return values[(int) (Draws.uniform(seed) * values.length)];
    }

    @Override
    public String toString() {
      return values.length
          + " measured, median "
          + values[values.length / 2]
          + ", largest "
          + values[values.length - 1];
    }
  }
}
