package krites.grpo.objective;

/**
 * Mean, variance and whitening over the tokens that count.
 *
 * <p>Source: {@code masked_mean}, {@code masked_var}, {@code masked_whiten} of EasyR1 and verl. The
 * small constant in the denominators is theirs; with it, the mean over an empty mask is 0.
 */
public final class MaskedStatistics {
  /** Added to counts and variances before dividing (default {@code eps} of the references). */
  public static final double EPSILON = 1e-8;

  private MaskedStatistics() {}

  /** Mean of the values that count; 0 when none does. */
  public static double mean(double[][] values, TokenMask mask) {
    mask.requireShape(values, "values");
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += rowSum(values, mask, i);
    }
    return sum / (mask.count() + EPSILON);
  }

  /** Mean of each row, length responses; 0 for a row in which nothing counts. */
  public static double[] meanPerRow(double[][] values, TokenMask mask) {
    mask.requireShape(values, "values");
    double[] means = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      means[i] = rowSum(values, mask, i) / (mask.count(i) + EPSILON);
    }
    return means;
  }

  /**
   * Variance of the values that count.
   *
   * @param unbiased divide by n - 1 instead of n (ignored for fewer than two values)
   */
  public static double variance(double[][] values, TokenMask mask, boolean unbiased) {
    double mean = mean(values, mask);
    double squares = 0;
    for (int i = 0; i < values.length; i++) {
      for (int t = 0; t < values[i].length; t++) {
        if (mask.at(i, t)) {
          squares += (values[i][t] - mean) * (values[i][t] - mean);
        }
      }
    }
    double variance = squares / (mask.count() + EPSILON);
    double n = mask.count();
    return unbiased && n > 1 ? variance * (n / (n - 1)) : variance;
  }

  /**
   * All values (those that do not count too) minus the masked mean, over the unbiased masked
   * deviation.
   */
  public static double[][] whiten(double[][] values, TokenMask mask) {
    double mean = mean(values, mask);
    double scale = 1 / Math.sqrt(variance(values, mask, true) + EPSILON);
    double[][] whitened = mask.zeros();
    for (int i = 0; i < values.length; i++) {
      for (int t = 0; t < values[i].length; t++) {
        whitened[i][t] = (values[i][t] - mean) * scale;
      }
    }
    return whitened;
  }

  private static double rowSum(double[][] values, TokenMask mask, int row) {
    double sum = 0;
    for (int t = 0; t < values[row].length; t++) {
      sum += mask.at(row, t) ? values[row][t] : 0;
    }
    return sum;
  }
}
