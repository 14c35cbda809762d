package krites.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import krites.grpo.flow.Seeds;

/**
 * Percentile intervals of a statistic over units drawn again with replacement.
 *
 * <p>A unit is what was drawn when the benchmark was made: an item, or all pairs of one picture.
 * The same units give the same interval, whoever asks.
 */
public final class Bootstrap {
  /** Ends of an interval move by less than a fifth of its half width beyond this. */
  private static final int SAMPLES = 1000;

  private static final double TAIL = 0.025;
  private static final long SEED = 20250829;

  private Bootstrap() {}

  /** The mean of some numbers, with its interval; NaN without any. */
  public static Measure mean(String name, double... values) {
    double mean = Arrays.stream(values).average().orElse(Double.NaN);
    if (values.length == 0) {
      return Measure.of(name, mean, 0);
    }
    SplittableRandom random = new SplittableRandom(Seeds.ofName(SEED, "mean"));
    double[] means = new double[SAMPLES];
    for (int sample = 0; sample < SAMPLES; sample++) {
      double sum = 0;
      for (int i = 0; i < values.length; i++) {
        sum += values[random.nextInt(values.length)];
      }
      means[sample] = sum / values.length;
    }
    return new Measure(name, mean, values.length, interval(means));
  }

  /**
   * Any statistic of units, with its interval.
   *
   * @param items what the report says that it is a mean of
   * @param statistic of a list of units; NaN where it is not defined for a sample
   */
  public static <T> Measure of(
      String name, long items, List<T> units, ToDoubleFunction<List<T>> statistic) {
    double value = units.isEmpty() ? Double.NaN : statistic.applyAsDouble(units);
    if (units.isEmpty()) {
      return Measure.of(name, value, items);
    }
    SplittableRandom random = new SplittableRandom(Seeds.ofName(SEED, "statistic"));
    double[] values = new double[SAMPLES];
    for (int sample = 0; sample < SAMPLES; sample++) {
      List<T> drawn = random.ints(units.size(), 0, units.size()).mapToObj(units::get).toList();
      values[sample] = statistic.applyAsDouble(drawn);
    }
    return new Measure(name, value, items, interval(values));
  }

  private static Optional<Interval> interval(double[] values) {
    double[] sorted =
        Arrays.stream(values).filter(value -> !Double.isNaN(value)).sorted().toArray();
    return sorted.length == 0
        ? Optional.empty()
        : Optional.of(new Interval(at(sorted, TAIL), at(sorted, 1 - TAIL)));
  }

  /** The quantile, between neighbours in proportion. */
  private static double at(double[] sorted, double share) {
    double place = share * (sorted.length - 1);
    int below = (int) Math.floor(place);
    int above = Math.min(sorted.length - 1, below + 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }
}
