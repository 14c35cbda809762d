package krites.eval.seeds;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import krites.eval.Interval;

/**
 * A mean over seeds with its t-interval of 95 %: the mean plus and minus t times the sample
 * deviation (n - 1) over the root of n, with n - 1 degrees of freedom.
 *
 * <p>It says how far the mean of other seeds may lie. What all seeds share, such as the held-out
 * items, is not in it.
 *
 * @param mean NaN without any value
 * @param deviation sample deviation; 0 for fewer than two
 * @param seeds how many
 * @param interval empty for fewer than two seeds
 */
public record SeedMean(double mean, double deviation, int seeds, Optional<Interval> interval) {
  private static final double WITHIN = 0.95;

  /** Of one value for each seed. */
  public static SeedMean of(double... values) {
    int n = values.length;
    double mean = Arrays.stream(values).average().orElse(Double.NaN);
    if (n < 2) {
      return new SeedMean(mean, 0, n, Optional.empty());
    }
    double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
    double deviation = Math.sqrt(squares / (n - 1));
    double half = StudentT.quantile(WITHIN, n - 1) * deviation / Math.sqrt(n);
    return new SeedMean(mean, deviation, n, Optional.of(new Interval(mean - half, mean + half)));
  }

  /**
   * Of the differences between two arms, seed by seed; seeds that one of them lacks are left out.
   *
   * @param arm a value for each seed
   * @param reference what it is compared with
   */
  public static SeedMean ofDifferences(Map<Long, Double> arm, Map<Long, Double> reference) {
    return of(
        arm.entrySet().stream()
            .filter(value -> reference.containsKey(value.getKey()))
            .sorted(Map.Entry.comparingByKey())
            .mapToDouble(
                value -> value.getValue() - reference.getOrDefault(value.getKey(), Double.NaN))
            .toArray());
  }
}
